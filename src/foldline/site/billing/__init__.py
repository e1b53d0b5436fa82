"""The money: plans, subscriptions, and the providers that take payments."""
