"""Layouts, words, structured data, the custom element and the CSS. Knows public facts only."""
