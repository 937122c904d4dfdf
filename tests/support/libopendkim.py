"""Verifies a message's DKIM signatures by OpenDKIM's own library, with keys from a file; run as a program, since C may crash.

    python libopendkim.py KEYFILE < message.eml

KEYFILE has a line "<selector>._domainkey.<domain> <TXT record>" for each key. Prints one line a signature: selector, then "pass" or why not.
"""

import ctypes
import ctypes.util
import sys
from ctypes import POINTER, byref, c_bool, c_char_p, c_int, c_size_t, c_ubyte, c_void_p
from pathlib import Path

# opendkim/dkim.h
SETOPT, QUERY_METHOD, QUERY_INFO, QUERY_FILE = 1, 6, 7, 1
PASSED, BODY_MATCHES = 0x04, 0
ALL_OK, BAD_SIGNATURE = 0, 1


def library() -> ctypes.CDLL:
    name = ctypes.util.find_library("opendkim")
    if name is None:
        raise SystemExit("libopendkim is not installed")
    found = ctypes.CDLL(name)
    for function in ("dkim_init", "dkim_verify", "dkim_sig_getselector", "dkim_sig_geterrorstr", "dkim_getresultstr"):
        getattr(found, function).restype = c_void_p if function in {"dkim_init", "dkim_verify"} else c_char_p
    return found


def verdicts(message: bytes, key_file: str) -> list[str]:
    lib = library()
    handle = c_void_p(lib.dkim_init(None, None))
    method, path = c_int(QUERY_FILE), c_char_p(key_file.encode())
    assert lib.dkim_options(handle, SETOPT, QUERY_METHOD, byref(method), c_size_t(ctypes.sizeof(method))) == ALL_OK
    assert lib.dkim_options(handle, SETOPT, QUERY_INFO, path, c_size_t(len(key_file) + 1)) == ALL_OK
    status = c_int()
    one = c_void_p(lib.dkim_verify(handle, b"test", None, byref(status)))
    buffer = (c_ubyte * len(message)).from_buffer_copy(message)
    assert lib.dkim_chunk(one, buffer, c_size_t(len(message))) == ALL_OK
    assert lib.dkim_chunk(one, None, c_size_t(0)) == ALL_OK
    result = lib.dkim_eom(one, byref(c_bool()))
    signatures, count = POINTER(c_void_p)(), c_int()
    if lib.dkim_getsiglist(one, byref(signatures), byref(count)) != ALL_OK:
        return [f"- {lib.dkim_getresultstr(result).decode()}"]
    found = []
    for number in range(count.value):
        signature = c_void_p(signatures[number])
        lib.dkim_sig_process(one, signature)
        passed = lib.dkim_sig_getflags(signature) & PASSED and lib.dkim_sig_getbh(signature) == BODY_MATCHES
        why = "pass" if passed else lib.dkim_sig_geterrorstr(lib.dkim_sig_geterror(signature)).decode()
        found.append(f"{lib.dkim_sig_getselector(signature).decode()} {why}")
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join(verdicts(sys.stdin.buffer.read(), str(Path(sys.argv[1]).resolve()))))
