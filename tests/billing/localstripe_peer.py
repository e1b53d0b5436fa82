"""`localstripe`: a stand-in for Stripe that is not ours, as a process on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe

KEY = "sk_test_of_the_tests"

# It keeps everything in one file in the machine's folder for temporary files; two tests at once would share it.
_WITHOUT_A_FILE = (
    "import sys; from localstripe import resources, server; resources.Store.dump_to_disk = lambda self: None;"
    "resources.Store.try_load_from_disk = lambda self: None; server.start()"
)


@contextmanager
def running_localstripe() -> Iterator[str]:
    """Its address, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    process = subprocess.Popen(
        [sys.executable, "-c", _WITHOUT_A_FILE, "--port", str(port), "--from-scratch"],
        env=keep,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, "localstripe ended"
                assert time.monotonic() < end, "localstripe did not start"
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def subscribe(address: str, reader: str, card: str = "4242424242424242") -> str:
    """A customer with a card, and a subscription as our checkout would have it made; its id."""
    api = stripe.StripeClient(KEY, base_addresses={"api": address}, max_network_retries=0).v1
    asked: Any
    try:
        api.plans.retrieve("everything")
    except stripe.InvalidRequestError:
        asked = {"id": "everything", "amount": 400, "currency": "eur", "interval": "month", "product": {"name": "All"}}
        api.plans.create(asked)
    customer = api.customers.create({"email": "r@example.test"})
    give_card(api, customer.id, card)
    asked = {
        "customer": customer.id,
        "items": [{"plan": "everything"}],
        "metadata": {"foldline_reader": reader, "foldline_plan": "everything"},
    }
    return api.subscriptions.create(asked).id


def give_card(api: Any, customer: str, card: str) -> None:
    """What the customer pays with from now on."""
    asked = {"type": "card", "card": {"number": card, "exp_month": 12, "exp_year": 2040, "cvc": "123"}}
    method = api.payment_methods.create(asked)
    api.payment_methods.attach(method.id, {"customer": customer})
    api.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
