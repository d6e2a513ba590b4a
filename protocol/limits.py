"""Every size, count and time limit of the wire, each with its reason.

A limit is checked by the one who sends (for a clear message before anything
leaves) and by the one who receives (because the sender may be anybody).
"""

from typing import Final

VERSION: Final = 1
"""The version byte that leads every frame."""

# --- frames -----------------------------------------------------------------

FRAME_MAX_BYTES: Final = 256 * 1024
"""ZMQ_MAXMSGSIZE of client sockets: four blob chunks; larger frames would hold up PING."""

BACKPLANE_MAX_BYTES: Final = 16 * 1024 * 1024
"""ZMQ_MAXMSGSIZE between gateway and broker: one drain of DRAIN_MAX frames, packed."""

DEPTH_MAX: Final = 4
"""Nesting of msgpack containers in an item: kind, body, a list in it, one more to grow into."""

FAULTS_MAX: Final = 32
"""Faulty frames of one session before it is told BYE: a buggy client, not a typing slip."""

AGENT_MAX_CHARS: Final = 64
"""Name and version of the client program."""

TOKEN_MAX_CHARS: Final = 64
"""An invite token is 22 characters today; room for a longer one."""

# --- items ------------------------------------------------------------------

ITEM_MAX_BYTES: Final = 24 * 1024
"""4,096 characters of four bytes each, or a thumbnail, with its fields."""

ITEMS_PER_SEND_MAX: Final = 128
"""Items of one SEND: beyond some 50 the cost per item no longer falls."""

SEND_MAX_BYTES: Final = 128 * 1024
"""All items of one SEND together: half a frame, so that its envelope always fits."""

TEXT_MAX_CHARS: Final = 4096
"""A text, in Unicode code points: two screens; longer things are files."""

CAPTION_MAX_CHARS: Final = 1024
"""The text below a picture or a file."""

MEDIA_MAX_CHARS: Final = 100
"""A media type: the longest registered one has 84 characters."""

MENTIONS_MAX: Final = 32
"""People that one message names."""

REACTION_MAX_CHARS: Final = 16
"""One emoji sequence in code points: the longest of Unicode 16 (a family, a kiss) has 10."""

FILE_NAME_MAX_CHARS: Final = 120
"""Display name of a file: fits every file system with room for a suffix."""

THUMB_MAX_BYTES: Final = 12 * 1024
"""A 320-pixel WebP or JPEG thumbnail; travels inside the event."""

MEDIA_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")
"""Picture formats that every client can show."""

IMAGE_SIDE_MAX: Final = 20_000
"""Pixels along one side of a picture."""

IMAGE_PIXELS_MAX: Final = 24_000_000
"""Pixels of a picture in all: 96 MB decoded, the most a small desktop should spend on one."""

# --- names ------------------------------------------------------------------

NICK_MAX_CHARS: Final = 32
"""A nickname: fits one line of the people list."""

ROOM_NAME_MAX_CHARS: Final = 64
"""A room's name: fits the rooms list, shortened at most once."""

# --- rooms and people -------------------------------------------------------

ROOMS_PER_PERSON_MAX: Final = 200
"""Rooms one person is in: WELCOME and PONG list them all and must fit a frame."""

ROOMS_MAX: Final = 100_000
"""Rooms of one server: bounds the broker's memory, some 500 bytes each."""

PEOPLE_MAX: Final = 100_000
"""People of one server: bounds the broker's memory, some 500 bytes each."""

DEVICES_PER_PERSON_MAX: Final = 16
"""Devices linked to one person."""

DIRECT_MEMBERS_MAX: Final = 32
"""People in a direct message: beyond that a room serves better."""

PEOPLE_PAGE_MAX: Final = 500
"""People in one PEOPLE_PAGE: 500 of at most 160 bytes stay well inside a frame."""

ROOMS_PAGE_MAX: Final = 500
"""Rooms in one ROOMS_PAGE, for the same reason."""

PRESENCE_PUSH_MAX: Final = 200
"""People online up to which presence is pushed; it costs people x changes, so beyond
it clients ask with PEOPLE when a list is looked at."""

MARKS_MEMBERS_MAX: Final = 64
"""Members up to which a room is told who types and who has read how far: beyond, it is noise."""

TYPING_MS: Final = 6_000
"""How long somebody counts as typing after TYPED; a client says it again every half of it."""

PORTRAIT_MAX_BYTES: Final = 8 * 1024
"""Somebody's picture: a WebP, JPEG or PNG of about 96 pixels."""

PORTRAITS_MAX: Final = 16
"""Pictures asked for at once: 16 of the largest fill half a frame."""

NOTICE_MEMBERS_MAX: Final = 200
"""Members up to which a room is told who joined and left: beyond, it is noise."""

LINK_TOKEN_MS: Final = 10 * 60 * 1000
"""A device-link token is typed within minutes, on a second screen."""

LINK_TOKENS_MAX: Final = 4
"""Device-link tokens of one person that are open at a time."""

# --- order ------------------------------------------------------------------

ADD_MAX: Final = 100
"""People that one ADD or PRIVATE brings into a room: a class, and some."""

REASON_MAX_CHARS: Final = 200
"""Why somebody in charge did something: one line; also a nickname that they give."""

SLOW_MAX_S: Final = 3_600
"""Slow mode: the longest wait between two messages of one person."""

MUTE_MAX_S: Final = 30 * 24 * 3_600
"""The longest time for which somebody is muted; 0 is until it is lifted."""

MUTED_MAX: Final = 200
"""People muted at a time in one room, or on the server: ORDERED lists them."""

MODERATORS_MAX: Final = 64
"""People with a role in one room, or on the server."""

ROLES_MAX: Final = 2 * MODERATORS_MAX
"""Rows of ORDERED: those of the room and, in an open one, those of the server."""

HANDS_MAX: Final = 64
"""Hands that are up in one room; one more is not seen until another goes down."""

AUDIT_PAGE_MAX: Final = 200
"""Acts in one AUDIT_PAGE: 200 of at most 1,100 bytes fit a frame."""

# --- history ----------------------------------------------------------------

PAGE_MAX_EVENTS: Final = 500
"""Events asked for in one READ."""

PAGE_MAX_BYTES: Final = 128 * 1024
"""Bytes of blocks in one PAGE; the first block is sent even if it alone is larger."""

BLOCK_MAX_ITEMS: Final = 256
"""Events in one block: a page holds whole blocks, so a block bounds its overshoot."""

BLOCK_MAX_BYTES: Final = 96 * 1024
"""Bytes of one block: fits a PAGE and an EVENTS frame with room to spare."""

EVENTS_MAX_BYTES: Final = 192 * 1024
"""Bytes of blocks in one EVENTS frame; more goes into a second frame."""

# --- pictures and files -----------------------------------------------------

BLOB_MAX_BYTES: Final = 10 * 1024 * 1024
"""A picture as the camera made it, or a file."""

CHUNK_MAX_BYTES: Final = 64 * 1024
"""Bytes of one chunk: 50 ms at 10 Mbit/s, so a chunk never looks like a dead line."""

BLOB_RANGE_MAX_BYTES: Final = 256 * 1024
"""Bytes that one BLOB_GET may ask for: the credit a client gives at a time."""

UPLOAD_WINDOW_CHUNKS: Final = 8
"""Chunks under way without an answer: keeps 100 ms links busy at 40 Mbit/s."""

UPLOADS_PER_PERSON_MAX: Final = 16
"""Unfinished uploads that one person may leave on the server, with all devices."""

BLOB_QUOTA_BYTES: Final = 10 * 1024 * 1024 * 1024
"""All pictures and files of a server together."""

# --- flow -------------------------------------------------------------------

WINDOW_MAX_ITEMS: Final = 256
"""Items of one session that wait for their ack; more is answered BUSY."""

BUSY_RETRY_MS: Final = 250
"""How long a BUSY asks to wait when nothing better is known."""

PING_MS: Final = 15_000
"""A client pings about this often (jittered by a fifth): NAT tables forget after 30 s."""

PONG_TIMEOUT_MS: Final = 10_000
"""No answer to a PING for this long: the connection is dead, make a new one."""

HELLO_TIMEOUT_MS: Final = 10_000
"""From connecting to WELCOME."""

SESSION_DEADLINE_MS: Final = 45_000
"""A gateway forgets a session that was silent for three pings."""

# --- numbers ----------------------------------------------------------------

U63_MAX: Final = 2**63 - 1
"""Numbers are unsigned and fit a signed 64-bit integer everywhere."""

COUNTER_MAX: Final = 2**62 - 1
"""A seq or an n: the sum of two of them, such as first and count, still fits U63_MAX."""

COUNT_MAX: Final = 65_535
"""Items that one ACK or REFUSED may answer: far above a window, and safe to loop over."""

TS_MAX_MS: Final = 2**47 - 1
"""Milliseconds since 1970, until the year 6429: dates that every calendar can show."""

ARRAY_MAX: Final = 4096
"""Elements of any msgpack array: a decoder makes room for what the header claims, so
nested headers of huge arrays would cost 80 MB and a tenth of a second a frame."""
