"""Whether codes arrive: what a mail host of a reader's looks up about our sender, and whether ours takes a message."""

from __future__ import annotations

import base64
import binascii
import smtplib
import ssl
from collections.abc import Iterator
from email.utils import parseaddr

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from foldline.config import MailSettings
from foldline.errors import Problem
from foldline.server.deploy.asked import Asking, Names, parents, tags_of, untried

#: RFC 8301, 3.2.
LEAST_BITS = 1024
TIMEOUT = 10.0


def problems_of_mail(mail: MailSettings, asking: Asking) -> Iterator[Problem]:
    """Everything about mail. Without a host there is FL032, and nothing more to ask."""
    if not mail.host:
        return
    sender = parseaddr(mail.sender)[1]
    domain = sender.rpartition("@")[2].lower().rstrip(".")
    names = Names(asking.resolver)
    for what, look in (("SPF", _spf), ("DKIM", _dkim), ("DMARC", _dmarc)):
        try:
            yield from look(names, domain, mail)
        except LookupError as error:
            yield untried(
                f"{what} of {domain}", f"no name server answers ({error})", "Try again, or name a --resolver."
            )
    yield from _taken(mail, sender, asking.mail_to or sender)


def _spf(names: Names, domain: str, mail: MailSettings) -> Iterator[Problem]:
    """RFC 7208: one record, and one that refuses somebody."""
    found = [text for text in names.texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
    hint = f"Publish one TXT record at {domain}, as your mail host says, as in v=spf1 include:_spf.{mail.host} -all"
    if len(found) != 1:
        what = "there is no SPF record" if not found else f"there are {len(found)} SPF records, and so none counts"
        yield Problem("FL362", what, domain, hint)
        return
    terms = found[0].lower().split()[1:]
    if "all" in terms or "+all" in terms:
        yield Problem("FL362", "the SPF record lets the whole world send", domain, "End it with -all or ~all.")
    elif not any(term.endswith("all") or term.startswith("redirect=") for term in terms):
        yield Problem("FL362", "the SPF record refuses nobody", domain, "End it with -all or ~all.")


def _dkim(names: Names, domain: str, mail: MailSettings) -> Iterator[Problem]:
    """RFC 6376: the key by which our mail host signs."""
    if not mail.dkim:
        hint = "Write the selector that your mail host signs with as [mail] dkim, as in dkim = “s1”."
        yield untried("DKIM", "[mail] dkim names no selector", hint)
        return
    name = f"{mail.dkim}._domainkey.{domain}"
    found = [tags for tags in map(tags_of, names.texts(name)) if "p" in tags]
    hint = "Publish the record that your mail host shows for this selector."
    if not found:
        yield Problem("FL363", "there is no DKIM key", name, hint)
    for tags in found:
        if wrong := _key_problem(tags):
            yield Problem("FL363", wrong, name, hint)


def _key_problem(tags: dict[str, str]) -> str:
    if not tags["p"]:
        return "the DKIM key was withdrawn"
    if "y" in tags.get("t", "").split(":"):
        return "the DKIM key says that it is only tried out"
    if tags.get("k", "rsa") != "rsa":
        return ""
    try:
        key = load_der_public_key(base64.b64decode(tags["p"].replace(" ", ""), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        return "the DKIM key can't be read"
    if isinstance(key, RSAPublicKey) and key.key_size < LEAST_BITS:
        return f"the DKIM key has {key.key_size} bits, fewer than {LEAST_BITS}"
    return ""


def _dmarc(names: Names, domain: str, mail: MailSettings) -> Iterator[Problem]:
    """RFC 7489: at the domain, or at one above it. Our envelope and our sender are one address: they are aligned."""
    for place in parents(domain):
        found = [
            text for text in names.texts(f"_dmarc.{place}") if text.lower().replace(" ", "").startswith("v=dmarc1")
        ]
        if not found:
            continue
        tags = tags_of(found[0])
        policy = tags.get("sp", tags.get("p", "")) if place != domain else tags.get("p", "")
        where = f"_dmarc.{place}"
        if len(found) > 1:
            yield Problem("FL364", f"there are {len(found)} DMARC records, and so none counts", where, "Keep one.")
        elif policy.lower() not in ("none", "quarantine", "reject"):
            yield Problem("FL364", "the DMARC record says no policy", where, "Write p=quarantine or p=reject.")
        elif policy.lower() == "none":
            hint = "Once reports show that your own mail passes, write p=quarantine or p=reject."
            yield Problem("FL364", "DMARC asks nobody to refuse a forged code (p=none)", where, hint)
        return
    hint = f"Publish a TXT record at _dmarc.{domain}, as in v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}"
    yield Problem("FL364", "there is no DMARC record", f"_dmarc.{domain}", hint)


def _taken(mail: MailSettings, sender: str, to: str) -> Iterator[Problem]:
    """Whether the mail host takes a message from us, up to where it would be sent: none is."""
    where = f"{mail.host}:{mail.port}"
    context = ssl.create_default_context()
    try:
        with _connected(mail, context) as line:
            line.ehlo()
            if mail.security == "starttls":
                line.starttls(context=context)
                line.ehlo()
            if mail.user:
                line.login(mail.user, mail.password)
            for code, said in (line.mail(sender), line.rcpt(to)):
                if code >= 400:
                    yield Problem("FL365", f"the mail host refuses a message: {code} {_plain(said)}", where, _HINT)
                    break
            line.rset()
    except smtplib.SMTPResponseException as error:
        what = f"the mail host says {error.smtp_code} {_plain(error.smtp_error)}"
        yield Problem("FL365", what, where, _HINT)
    except ssl.SSLError as error:
        what = f"the mail host's certificate: {getattr(error, 'verify_message', '') or error.reason}"
        yield Problem("FL365", what, where, _HINT)
    except (OSError, smtplib.SMTPException) as error:
        what = f"the mail host does not answer: {getattr(error, 'strerror', None) or type(error).__name__}"
        yield Problem("FL365", what, where, _HINT)


_HINT = "Nobody can sign in by a code. Look at [mail] and FOLDLINE_MAIL_PASSWORD, then try --mail ADDRESS."


def _connected(mail: MailSettings, context: ssl.SSLContext) -> smtplib.SMTP:
    if mail.security == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT, context=context)
    return smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT)


def _plain(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return "".join(char if char.isprintable() else " " for char in text)[:120]
