"""The desk's door and its own pages. No stock address of allauth is among these."""

from __future__ import annotations

from django.urls import URLPattern, path

from foldline.site.desk import audit_log, decisions, door, job_table, open_now, rules, service, withdrawals

urlpatterns: list[URLPattern] = [
    path("sign-in", door.SignInView.as_view(), name="account_login"),
    path("sign-in/code", door.SecondFactorView.as_view(), name="mfa_authenticate"),
    path("second-factor", door.EnrolView.as_view(), name="second_factor"),
    path("sign-out", door.sign_out, name="account_logout"),
    # The admin's own form for signing out.
    path("logout/", door.sign_out),
    path("static/<path:path>", door.static_file),
    path("open-now", open_now.open_now, name="open_now"),
    path("open-now/<int:number>/close", open_now.close, name="open_now_close"),
    path("rules", rules.rules, name="rules"),
    path("rules/write", rules.write, name="rules_write"),
    path("rules/back", rules.roll_back, name="rules_roll_back"),
    path("rules/<int:number>/changes", rules.changes, name="rules_changes"),
    path("decisions", decisions.decisions, name="decisions"),
    path("jobs", job_table.jobs, name="jobs"),
    path("audit", audit_log.audit, name="audit"),
    path("withdrawals", withdrawals.listed, name="withdrawals"),
    path("withdrawals/<int:number>/dealt-with", withdrawals.dealt_with, name="withdrawals_dealt_with"),
    path("service/", service.find, name="readers"),
    path("service/<int:pk>", service.reader, name="reader"),
    path("service/<int:pk>/give", service.give, name="reader_give"),
    path("service/<int:pk>/end", service.end, name="reader_end"),
    path("service/<int:pk>/sign-out", service.sign_out, name="reader_sign_out"),
    path("service/<int:pk>/erase", service.erase, name="reader_erase"),
    path("service/<int:pk>/note", service.note, name="reader_note"),
]
