"""The demonstration's university and library. Both are invented."""

from __future__ import annotations

from django.conf import settings

from foldline.site.readers import moment
from foldline.stores.institutions import InstitutionStore, Kind, StoredInstitution

DAY = 86_400
UNIVERSITY, LIBRARY = "Rosewater University", "Alder Valley Library"


def seed_institutions() -> None:
    """A university whose addresses (`you@rosewater.example`) read everything, and a library whose contract begins in a
    year: nobody comes from its network, which is for documentation. Doing it again changes nothing."""
    now = moment.epoch()
    university = StoredInstitution(Kind.LIBRARY, UNIVERSITY, now, now + 3650 * DAY, (), ("rosewater.example",))
    networks = ("198.51.100.0/24", "2001:db8:a1de::/48")
    library = StoredInstitution(Kind.LIBRARY, LIBRARY, now + 365 * DAY, now + 730 * DAY, networks)
    with InstitutionStore(settings.FOLDLINE.home) as store:
        if not store.every():
            for one in (university, library):
                store.save(one, "foldline demo", now, confirmed=True)
