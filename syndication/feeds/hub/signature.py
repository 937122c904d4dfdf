"""Signs what the hub delivers, so that a subscriber knows who sent it (WebSub 7.1)."""

import hmac


def signature(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature: the method and the HMAC of the body in hexadecimal digits."""
    return f"sha256={hmac.new(secret.encode(), body, 'sha256').hexdigest()}"
