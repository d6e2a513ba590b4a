"""A refused file in a real window: why, in one's own language; another try; and when it is gone."""

import pytest

from gui.words.i18n import LANGUAGES, Words
from protocol.client.happenings import Discarded, Done, Failed, Progress, Queued, Refused, Resumed
from protocol.codes import ErrorCode, EventKind
from tests.gui.conftest import Bench
from tests.gui.fakes import GENERAL
from tests.gui.screens import texts_of

FILE = {"name": "notes.txt", "media": "text/plain", "size": 1000, "sha256": bytes(32)}
NO_BLOB = int(ErrorCode.NO_BLOB)


def refused(bench: Bench, language: str = "en") -> None:
    """A file of one's own whose bytes the server has not."""
    bench.open(language=language)
    bench.enter()
    bench.tell(
        Queued(GENERAL, 1, int(EventKind.FILE), FILE),
        Refused(GENERAL, 1, NO_BLOB, "sha256", "sha256 send its bytes first"),
    )


def press_retry(bench: Bench) -> int:
    """Click "try again" at the message; return the request."""
    timeline = bench.main.timeline
    box = timeline.zone_of(timeline.drawn_keys()[-1], "retry")
    assert box is not None
    bench.click(timeline.widget, box.x + box.w // 2, box.y + box.h // 2)
    request, args = bench.client.asked("retry")[-1]
    assert args == (GENERAL, 1)
    return request


def test_the_bytes_are_shown_on_their_way_and_then_the_message(bench: Bench) -> None:
    refused(bench)
    request = press_retry(bench)
    bench.tell(
        Resumed(request, GENERAL, int(EventKind.FILE), "notes.txt"),
        Progress(request, 400, 1000, True),
    )
    (transfer,) = bench.main._model.transfers.values()
    assert transfer.up and (transfer.done, transfer.total) == (400, 1000)
    again = press_retry(bench)
    bench.tell(Done(again))
    assert bench.main.talk.toast.text == "" and list(bench.main._model.transfers) == [request]
    bench.tell(
        Discarded(GENERAL, 1), Queued(GENERAL, 2, int(EventKind.FILE), FILE, request)
    )  # fmt: skip
    assert not bench.main._model.transfers
    assert not {request, again} & set(bench.main._controller._answers)
    (entry,) = bench.main._model.rooms[GENERAL].pending
    assert entry.n == 2 and not entry.reason


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_that_is_gone_is_told_in_one_s_own_language(bench: Bench, language: str) -> None:
    refused(bench, language)
    tr = Words(language)
    (entry,) = bench.main._model.rooms[GENERAL].pending
    assert entry.reason == tr("wording.refused_no_blob")
    assert not any("bytes first" in one for one in texts_of(bench.main.timeline.widget))
    request = press_retry(bench)
    bench.tell(
        Resumed(request, GENERAL, int(EventKind.FILE), "notes.txt"),
        Failed(request, NO_BLOB, "notes.txt is not on this device any more"),
    )
    toast = bench.main.talk.toast
    assert toast.text == tr("window.original_gone")
    assert "…" not in "".join(texts_of(toast._canvas))
    assert not bench.main._model.transfers, "there is nothing to try again"
    assert bench.main._model.rooms[GENERAL].pending == [entry]


def test_another_reason_is_told_as_it_is(bench: Bench) -> None:
    refused(bench)
    request = press_retry(bench)
    bench.tell(Failed(request, int(ErrorCode.NOT_MEMBER), "you are not in this room"))
    assert bench.main.talk.toast.text == Words("en")("wording.refused_not_member")
