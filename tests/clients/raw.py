"""A bare SMB2 client over one socket, for what well-behaved clients never send.

Every field of a message can be set by hand; `Raw.call` fills in what is not given. NTLMv2 is sent as bare
NTLMSSP, so no SPNEGO stands between a test and the server. Section numbers are [MS-SMB2]'s.
"""

import hashlib
import hmac
import os
import socket
import struct
import time

import lab

(NEGOTIATE, SESSION_SETUP, LOGOFF, TREE_CONNECT, TREE_DISCONNECT, CREATE, CLOSE, FLUSH, READ, WRITE, LOCK, IOCTL,
 CANCEL, ECHO, QUERY_DIRECTORY, CHANGE_NOTIFY, QUERY_INFO, SET_INFO, OPLOCK_BREAK) = range(19)

SUCCESS = 0
PENDING = 0x00000103
MORE_PROCESSING = 0xC0000016
ACCESS_DENIED = 0xC0000022
INVALID_PARAMETER = 0xC000000D
LOGON_FAILURE = 0xC000006D
USER_SESSION_DELETED = 0xC0000203
NETWORK_NAME_DELETED = 0xC00000C9
FILE_CLOSED = 0xC0000128
SHARING_VIOLATION = 0xC0000043
OBJECT_NAME_NOT_FOUND = 0xC0000034
OBJECT_PATH_NOT_FOUND = 0xC000003A

SIGNED, RESPONSE, ASYNC, RELATED = 8, 1, 2, 4


class Gone(Exception):
    """The server ended the connection."""


class Reply:
    def __init__(self, frame, offset=0):
        self.raw = frame
        (self.protocol, self.size, self.charge, self.status, self.command, self.credits, self.flags, self.next,
         self.message_id, self.process, self.tree, self.session) = struct.unpack_from("<4sHHIHHIIQIIQ", frame, offset)
        self.signature = frame[offset + 48 : offset + 64]
        self.body = frame[offset + 64 : offset + self.next if self.next else len(frame)]

    def __repr__(self):
        return f"<reply to {self.command}: {self.status:#010x}, {len(self.body)} bytes>"


def replies(frame):
    """Every message of a compound reply."""
    found, at = [], 0
    while True:
        reply = Reply(frame, at)
        found.append(reply)
        if not reply.next:
            return found
        at += reply.next


def header(command, message_id, *, charge=1, status=0, credits=64, flags=0, next=0, process=0xFEFF, tree=0, session=0,
           protocol=b"\xfeSMB", size=64):
    return struct.pack("<4sHHIHHIIQIIQ16s", protocol, size, charge, status, command, credits, flags, next, message_id,
                       process, tree, session, bytes(16))


def cmac(key, message):
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.cmac import CMAC

    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()


def derive(key, label, context):
    """SP800-108 in counter mode, as 3.1.4.2 has it, for 128 bits."""
    return hmac.new(key, struct.pack(">I", 1) + label + b"\0" + context + struct.pack(">I", 128), hashlib.sha256).digest()[:16]


class Ntlm:
    """The client half of NTLMv2 ([MS-NLMP] 3.1.5), with the lies a test asks for."""

    FLAGS = 0x00000001 | 0x00000200 | 0x00008000 | 0x00080000 | 0x00800000 | 0x20000000 | 0x00000010 | 0x00000004

    def __init__(self, user, password, mic=None, damage=None, anonymous=False):
        self.user, self.password, self.mic, self.damage, self.anonymous = user, password, mic, damage, anonymous
        self.key = bytes(16)
        self.first = b"NTLMSSP\0" + struct.pack("<II", 1, self.FLAGS) + bytes(16)

    def answer(self, challenge):
        """AUTHENTICATE_MESSAGE for a CHALLENGE_MESSAGE, which may be wrapped in SPNEGO."""
        challenge = challenge[challenge.index(b"NTLMSSP\0") :]
        server = challenge[24:32]
        length, _, offset = struct.unpack_from("<HHI", challenge, 40)
        pairs = challenge[offset : offset + length]
        challenge = challenge[: offset + length]
        stamp = struct.pack("<Q", int((time.time() + 11644473600) * 10**7))
        at = 0
        while at + 4 <= len(pairs):
            kind, size = struct.unpack_from("<HH", pairs, at)
            if kind == 7:
                stamp = pairs[at + 4 : at + 12]
            at += 4 + size
        if self.mic is not None:
            pairs = pairs[:-4] + struct.pack("<HHI", 6, 4, 2) + bytes(4)
        response_key = hmac.new(lab.nt_hash(self.password), (self.user.upper()).encode("utf-16-le"), hashlib.md5).digest()
        blob = b"\1\1" + bytes(6) + stamp + os.urandom(8) + bytes(4) + pairs + bytes(4)
        proof = hmac.new(response_key, server + blob, hashlib.md5).digest()
        self.key = hmac.new(response_key, proof, hashlib.md5).digest()
        nt, lm, name = proof + blob, bytes(24), self.user.encode("utf-16-le")
        if self.anonymous:
            nt, lm, name, self.key = b"", b"\0", b"", bytes(16)
        fields, payload = b"", b""
        base = 88
        for value in (lm, nt, b"", name, "RAW".encode("utf-16-le"), b""):
            fields += struct.pack("<HHI", len(value), len(value), base + len(payload))
            payload += value
        flags = self.FLAGS | (0x800 if self.anonymous else 0)
        head = b"NTLMSSP\0" + struct.pack("<I", 3) + fields + struct.pack("<I", flags) + bytes(8)
        token = head + bytes(16) + payload
        if self.mic is not None:
            mic = hmac.new(self.key, self.first + challenge + token, hashlib.md5).digest()
            token = head + (mic if self.mic else bytes(16)) + payload
        return self.damage(token) if self.damage else token


class Raw:
    def __init__(self, port, dialects=(0x0210,), timeout=10, signing=False):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.dialects, self.required = dialects, signing
        self.dialect = 0
        self.message_id = self.session = self.tree = 0
        self.key = None
        self.sign = False
        self.guid = os.urandom(16)
        self.preauth = bytes(64)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close_socket()

    def close_socket(self):
        self.socket.close()

    # Frames.

    def send(self, message):
        self.socket.sendall(struct.pack(">I", len(message)) + message)

    def _take(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except (ConnectionResetError, BrokenPipeError):
                raise Gone() from None
            if not more:
                raise Gone()
            data += more
        return data

    def receive(self):
        return self._take(struct.unpack(">I", self._take(4))[0] & 0xFFFFFF)

    def gone(self, within=5):
        """Whether the server ends the connection, whatever it says before."""
        self.socket.settimeout(within)
        try:
            while True:
                self.receive()
        except Gone:
            return True
        except TimeoutError:
            return False

    # Messages.

    def signature(self, message):
        blank = message[:48] + bytes(16) + message[64:]
        if self.dialect < 0x0300:
            return hmac.new(self.key, blank, hashlib.sha256).digest()[:16]
        return cmac(self.key, blank)

    def message(self, command, body, **fields):
        """One message with its header; signed if the session signs and `flags` was not given."""
        fields.setdefault("session", self.session)
        fields.setdefault("tree", self.tree)
        if self.dialect == 0x0202:
            fields.setdefault("charge", 0)
        if "message_id" in fields:
            message_id = fields.pop("message_id")
        else:
            message_id = self.message_id
            self.message_id += max(fields.get("charge", 1), 1)
        signed = self.sign and "flags" not in fields and command != NEGOTIATE
        if signed:
            fields["flags"] = SIGNED
        whole = header(command, message_id, **fields) + body
        return self.signed(whole) if signed else whole

    def signed(self, message):
        return message[:48] + self.signature(message) + message[64:]

    def call(self, command, body, **fields):
        message = self.message(command, body, **fields)
        self.send(message)
        return self.reply()

    def reply(self, interim=False):
        """The next reply; an interim one (STATUS_PENDING) is passed over unless asked for."""
        while True:
            frame = self.receive()
            if frame[:4] != b"\xfeSMB":
                raise AssertionError(f"not an SMB2 message: {frame[:16].hex()}")
            reply = Reply(frame)
            if interim or not (reply.status == PENDING and reply.flags & ASYNC):
                return reply

    # Commands.

    def negotiate_body(self, dialects=None, capabilities=0x7F, mode=None, contexts=None, guid=None):
        dialects = dialects or self.dialects
        mode = mode if mode is not None else (2 if self.required else 1)
        offset = 64 + 36 + 2 * len(dialects)
        pad = -offset % 8
        tail = struct.pack("<Q", 0)
        data = b""
        if 0x0311 in dialects:
            contexts = contexts if contexts is not None else [(1, struct.pack("<HHH", 1, 32, 1) + os.urandom(32)), (8, struct.pack("<HH", 1, 1))]
            tail = struct.pack("<IHH", offset + pad, len(contexts), 0)
            for kind, value in contexts:
                data += bytes(-len(data) % 8) + struct.pack("<HHI", kind, len(value), 0) + value
        body = struct.pack("<HHHHI16s", 36, len(dialects), mode, 0, capabilities, guid or self.guid) + tail
        body += struct.pack(f"<{len(dialects)}H", *dialects)
        return body + bytes(pad) + data if data else body

    def _hash(self, message):
        self.preauth = hashlib.sha512(self.preauth + message).digest()

    def negotiate(self, **options):
        message = self.message(NEGOTIATE, self.negotiate_body(**options), charge=0, session=0, tree=0)
        self._hash(message)
        self.send(message)
        reply = self.reply()
        self._hash(reply.raw)
        if reply.status == SUCCESS:
            self.mode, self.dialect = struct.unpack_from("<HH", reply.body, 2)
            self.capabilities, self.max_transact, self.max_read, self.max_write = struct.unpack_from("<IIII", reply.body, 24)
        return reply

    def setup(self, token, session=None, previous=0, flags=0, **fields):
        body = struct.pack("<HBBIIHHQ", 25, flags, 2 if self.required else 1, 1, 0, 64 + 24, len(token), previous) + token
        message = self.message(SESSION_SETUP, body, session=self.session if session is None else session, tree=0, **{"flags": 0, **fields})
        self._hash(message)
        self.send(message)
        reply = self.reply()
        if reply.status == MORE_PROCESSING:
            self._hash(reply.raw)
        return reply

    @staticmethod
    def token_of(reply):
        offset, length = struct.unpack_from("<HH", reply.body, 4)
        return reply.raw[offset : offset + length]

    def login(self, user="alice", password="Wonder-1", ntlm=None, previous=0):
        """NEGOTIATE if that was not done, then SESSION_SETUP; the last reply."""
        if not self.dialect:
            assert self.negotiate().status == SUCCESS
        ntlm = ntlm or Ntlm(user, password)
        reply = self.setup(ntlm.first, previous=previous)
        if reply.status != MORE_PROCESSING:
            return reply
        self.session = reply.session
        reply = self.setup(ntlm.answer(self.token_of(reply)), previous=previous)
        if reply.status == SUCCESS:
            self.session_flags = struct.unpack_from("<H", reply.body, 2)[0]
            if self.dialect < 0x0300:
                self.key = ntlm.key
            elif self.dialect < 0x0311:
                self.key = derive(ntlm.key, b"SMB2AESCMAC\0", b"SmbSign\0")
            else:
                self.key = derive(ntlm.key, b"SMBSigningKey\0", self.preauth)
            self.sign = not ntlm.anonymous and not self.session_flags & 1
        else:
            self.session = 0
        return reply

    def connect(self, share):
        path = f"\\\\127.0.0.1\\{share}".encode("utf-16-le")
        reply = self.call(TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, len(path)) + path, tree=0)
        if reply.status == SUCCESS:
            self.tree = reply.tree
        return reply

    def create_body(self, name, access=0x0012019F, disposition=1, options=0, share=7, attributes=0, contexts=b"", oplock=0, impersonation=2):
        path = name if isinstance(name, bytes) else name.encode("utf-16-le", "surrogatepass")
        pad = bytes(-len(path) % 8) if contexts else b""
        at = 64 + 56 + len(path) + len(pad) if contexts else 0
        return struct.pack("<HBBIQQIIIIIHHII", 57, 0, oplock, impersonation, 0, 0, access, attributes, share, disposition, options,
                           120, len(path), at, len(contexts)) + (path + pad + contexts or b"\0")

    def create(self, name, **options):
        """(status, file id) of an open; the id is None on failure."""
        reply = self.call(CREATE, self.create_body(name, **options))
        return reply.status, (reply.body[64:80] if reply.status == SUCCESS else None)

    def close(self, file_id, **fields):
        return self.call(CLOSE, struct.pack("<HHI16s", 24, 0, 0, file_id), **fields)

    @staticmethod
    def read_body(file_id, offset, length):
        return struct.pack("<HBBIQ16sIIIHH", 49, 0x50, 0, length, offset, file_id, 0, 0, 0, 0, 0) + b"\0"

    def read(self, file_id, offset, length):
        return self.call(READ, self.read_body(file_id, offset, length), charge=max(1, -(-length // 65536)))

    @staticmethod
    def write_body(file_id, offset, data):
        return struct.pack("<HHIQ16sIIHHI", 49, 112, len(data), offset, file_id, 0, 0, 0, 0, 0) + data

    def write(self, file_id, offset, data):
        return self.call(WRITE, self.write_body(file_id, offset, data), charge=max(1, -(-len(data) // 65536)))

    def echo(self, **fields):
        return self.call(ECHO, struct.pack("<HH", 4, 0), **fields)

    def ioctl(self, code, data=b"", file_id=b"\xff" * 16, flags=1, max_output=65536):
        body = struct.pack("<HHI16sIIIIIIII", 57, 0, code, file_id, 120, len(data), 0, 0, 0, max_output, flags, 0) + data
        return self.call(IOCTL, body)

    def set_info(self, file_id, kind, info_class, data, additional=0):
        body = struct.pack("<HBBIHHI16s", 33, kind, info_class, len(data), 96, 0, additional, file_id) + data
        return self.call(SET_INFO, body)

    @staticmethod
    def query_info_body(file_id, kind, info_class, length=65536, additional=0, data=b"", flags=0):
        return struct.pack("<HBBIHHIII16s", 41, kind, info_class, length, 104 if data else 0, 0, len(data), additional, flags, file_id) + data

    def query_info(self, *args, **options):
        return self.call(QUERY_INFO, self.query_info_body(*args, **options))

    @staticmethod
    def directory_body(file_id, info_class=37, pattern="*", flags=0, index=0, length=65536):
        name = pattern.encode("utf-16-le")
        return struct.pack("<HBBI16sHHI", 33, info_class, flags, index, file_id, 96, len(name), length) + name

    def query_directory(self, file_id, **options):
        return self.call(QUERY_DIRECTORY, self.directory_body(file_id, **options))
