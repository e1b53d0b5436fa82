"""Pairs of rests: whatever the two worlds hold below the fold, nothing above it or around it may tell them apart."""

from __future__ import annotations

from dataclasses import dataclass

from foldline.testing.builders import PREVIEW

#: Words that stand nowhere else, so that a shingle of them is a leak.
SENTENCE = "Velkomar ostrin dulapse quonta miresh balodun tervinac olsparo wenduli castrem ibreno falquist."

_NUMBERED = "Paragraph {0} of velkomar ostrin {0} dulapse quonta {0} miresh balodun.\n\n"
_CJK = "縦書きの新聞は朝になると静かに折りたたまれて読者の手もとへ届けられるものだという古い言い伝えがある。"
_RIGHT_TO_LEFT = "يحتفظ كل نهر بيوميات لا يقرؤها أحد في معظم مجراه الطويل إلا من يقف على الجسور. "
_EMOJI = "🧵🪢🧶 e\u0301\u0327 Z\u0351\u036b\u0343 \u202egnorw\u202c \ufeff ﬁn"

_RICH = """## A heading that only the rest has

### Another one

| Name | Sum |
| ---- | --- |
| velkomar ostrin | 1 |
| dulapse quonta | 2 |

> A quotation of velkomar ostrin dulapse quonta miresh balodun tervinac.

1. first of all
2. second of them

![A picture of velkomar](https://pictures.example/velkomar.png "ostrin")

[A link of ostrin](https://links.example/velkomar-ostrin-dulapse) and a note.[^later]

```python
print("velkomar ostrin dulapse")
```

[^later]: The note of dulapse quonta miresh.
"""

_BROKEN = """<div class="x"><table><tr><td>velkomar <p>ostrin <b>dulapse <i>quonta</b></i></p>
</div></section></article></main>

</div></div></div><!-- an open comment -- > <![CDATA[ miresh ]]> <textarea> balodun

<aside class="gate">open</aside> <foldline-gate data-kind="open"></foldline-gate> </body></html>
"""

_HOSTILE = """<script>document.title = "velkomar"</script><style>.gate { display: none }</style>

<iframe src="https://velkomar.example/"></iframe> <svg aria-label="ostrin"><script>1</script></svg>

{{ velkomar }} {% raw %} ${ostrin} <%= dulapse %> %(quonta)s {0} \\x00 \\u0000 &#0; &lt;script&gt;

<p style="position:fixed">miresh</p> <a href="javascript:alert(1)">balodun</a> <img src=x onerror=alert(1) alt=tervinac>
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rests as Markdown. `words` tells whether the first holds words of its own, for the second witness."""

    name: str
    one: str
    other: str
    words: bool = True
    long: bool = False


PAIRS: tuple[Pair, ...] = (
    Pair("a sentence and a hundred paragraphs", SENTENCE, "".join(_NUMBERED.format(n) for n in range(100))),
    Pair("one letter and another", "x", "y", words=False),
    Pair("a sentence and one of the same length", SENTENCE, SENTENCE[::-1]),
    Pair("plain and with headings, tables, pictures, notes and code", SENTENCE, _RICH),
    Pair("Latin and Chinese", SENTENCE, _CJK * 20),
    Pair("Latin and right to left", SENTENCE, _RIGHT_TO_LEFT * 20),
    Pair("Latin and emoji, combining and invisible marks", SENTENCE, _EMOJI * 10),
    Pair("plain and markup that nobody closed", SENTENCE, _BROKEN),
    Pair("plain and scripts, styles, embeds and template tags", SENTENCE, _HOSTILE),
    Pair(
        "plain and the fold's marker again",
        SENTENCE,
        f"one\n\n<!-- fold -->\n\ntwo\n\n<!--members-only-->\n\n{SENTENCE}",
    ),
    Pair("the words of the preview and others", PREVIEW.partition("[^bridge]:")[0], SENTENCE, words=False),
    Pair(
        "links to one site and to another",
        "[a](https://one.example/)",
        "[a](https://two.example/velkomar)",
        words=False,
    ),
    Pair("a footnote's own text and another", f"See.[^n]\n\n[^n]: {SENTENCE}", "See.[^n]\n\n[^n]: short", words=False),
    Pair("a sentence and a megabyte", SENTENCE, "".join(_NUMBERED.format(n) for n in range(14_000)), long=True),
    Pair("a kilobyte of noise and a megabyte of one letter", SENTENCE * 12, "a" * 1_000_000, long=True),
)
