"""The desk's door and its own pages. No stock address of allauth is among these."""

from __future__ import annotations

from django.urls import URLPattern, path

from foldline.site.desk import audit_log, decisions, door, job_table, open_now, plan_list, rules, withdrawals

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
    path("plans", plan_list.plans, name="plans"),
    path("jobs", job_table.jobs, name="jobs"),
    path("audit", audit_log.audit, name="audit"),
    path("withdrawals", withdrawals.listed, name="withdrawals"),
    path("withdrawals/<int:number>/dealt-with", withdrawals.dealt_with, name="withdrawals_dealt_with"),
]
