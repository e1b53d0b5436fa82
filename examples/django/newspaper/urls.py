"""The addresses of the newspaper. Those under `/-/` belong to the gate."""

from django.urls import path

from newspaper import views

urlpatterns = [
    path("", views.front),
    path("articles/<slug:slug>/", views.article),
    path("cookies/", views.cookies),
    path("static/site.css", views.style),
]
