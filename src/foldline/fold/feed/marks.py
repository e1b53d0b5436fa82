"""How an item says that its article goes on behind the gate."""

#: Dublin Core, `accessRights`: https://www.dublincore.org/specifications/dublin-core/dcmi-terms/#accessRights
ACCESS_TERM = "dcterms:accessRights"
ACCESS_WORD = "gated"
#: The same in JSON, where names of one's own begin with an underscore (JSON Feed 1.1, Extensions).
ACCESS_KEY = "_foldline"
