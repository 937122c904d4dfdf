"""Reads the environment once; a wrong value names itself and stops the start.

Everything that differs between two installations is an environment variable (see docs/settings.md); the rest is
Django's configuration and stands here once.
"""

import hashlib
import os
import re
import secrets
import ssl
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from syndication import environment, inbound_environment, pulse

SHORTEST_SECRET = 32  # characters
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
LONGEST_SOCKET_PATH = 100  # bytes; Linux ends at 107, macOS at 103

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(environment.read(os.environ, "SYNDICATION_HOME", str(BASE_DIR / "var"))).resolve()
FEEDS = Path(environment.read(os.environ, "SYNDICATION_FEEDS", str(BASE_DIR / "feeds"))).resolve()
TEMPLATES_DIR = BASE_DIR / "templates"
CAUGHT_MAIL = HOME / "mail"
JOURNAL = HOME / "journal"


def _make_folder(name: str, path: Path, mode: int = 0o755) -> None:
    try:
        path.mkdir(mode, parents=True, exist_ok=True)
    except OSError as error:
        raise environment.SettingError(name, str(path), f"cannot be used as a folder ({error})") from error


SECRET_KEY_FILE = HOME / "secret_key"


def _secret_key() -> str:
    """The key of the environment, or the one kept with mode 0600 in the home, made on the first start."""
    given = environment.read(os.environ, "SYNDICATION_SECRET_KEY")
    if given:
        if len(given) < SHORTEST_SECRET:
            raise environment.SettingError("SYNDICATION_SECRET_KEY", "…", f"is shorter than {SHORTEST_SECRET} characters")
        return given
    path = SECRET_KEY_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise environment.SettingError("SYNDICATION_HOME", str(HOME), f"cannot be written ({error.strerror})") from error
    key = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key)
    return key


_make_folder("SYNDICATION_HOME", HOME, 0o700)  # addresses, mail and keys: nobody else's business
_make_folder("SYNDICATION_FEEDS", FEEDS)
PRIVATE_FEEDS = HOME / "private-feeds"  # never below FEEDS, which any web server may serve as it is
_make_folder("SYNDICATION_HOME", PRIVATE_FEEDS, 0o700)

SECRET_KEY = _secret_key()
DEBUG = environment.read_flag(os.environ, "SYNDICATION_DEBUG", default=False)
ADDRESS_FILE = HOME / "address.json"
_remembered = environment.remembered(ADDRESS_FILE)
BASE_URL = environment.base_url(environment.read(os.environ, "SYNDICATION_BASE_URL", _remembered.get("base_url", "http://127.0.0.1:8000")))
_public = urlsplit(BASE_URL)
_is_https = _public.scheme == "https"
OLD_HOSTS = environment.read_hosts(os.environ, "SYNDICATION_OLD_HOSTS", present=_public.hostname or "")
ALLOWED_HOSTS = [_public.hostname or "localhost", "localhost", "127.0.0.1", "[::1]", *OLD_HOSTS]
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# ------------------------------------------------------------------ servers
_redis_url = environment.read(os.environ, "REDIS_URL")
EMBEDDED_QUEUE = not _redis_url
VALKEY_SOCKET = HOME / "valkey.sock"
# a socket stands in a URL, so only a short path of plain characters will do
if len(bytes(VALKEY_SOCKET)) > LONGEST_SOCKET_PATH or not PLAIN_PATH.fullmatch(str(VALKEY_SOCKET)):
    VALKEY_SOCKET = (
        Path(tempfile.gettempdir()) / f"syndication-{os.getuid()}-{hashlib.blake2s(bytes(HOME), digest_size=6).hexdigest()}.sock"
    )
REDIS_URL = environment.redis(_redis_url) if _redis_url else f"unix://{VALKEY_SOCKET}?db=0"
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")

STALL_SECONDS = environment.read_number(
    os.environ, "SYNDICATION_STALL_SECONDS", default=pulse.STALL_SECONDS, smallest=2, largest=3600
)  # see watchdog.py

DATABASES = {"default": environment.database(environment.read(os.environ, "DATABASE_URL"), HOME)}

MAIL_CATCHER_PORT = environment.read_number(
    {"SYNDICATION_CATCHER_PORT": _remembered.get("catcher_port", ""), **os.environ},
    "SYNDICATION_CATCHER_PORT",
    default=8025,
    smallest=1,
    largest=65535,
)
MAIL_CATCHER_HOST = environment.read(os.environ, "SYNDICATION_CATCHER_HOST", "127.0.0.1")
_smtp_url = environment.read(os.environ, "SYNDICATION_SMTP_URL")
MAIL_CATCHER_ON = not _smtp_url
ESP = environment.esp(_smtp_url) if environment.is_esp(_smtp_url) else None
SMTP = environment.smtp(f"smtp://{MAIL_CATCHER_HOST}:{MAIL_CATCHER_PORT}" if ESP or not _smtp_url else _smtp_url)
GIVE_UP_AFTER_HOURS = environment.read_number(os.environ, "SYNDICATION_GIVE_UP_AFTER_HOURS", default=72, smallest=1, largest=720)

# ------------------------------------------------------------------ sign-ups
SIGNUP_LIMITS = environment.read_numbers(
    os.environ,
    "SYNDICATION_SIGNUP_LIMITS",
    known=("address", "network", "domain", "form", "everything", "proof", "proof_all"),  # audience/signup/limits.py
    largest=1_000_000_000,
)
TRUSTED_PROXIES = environment.read_networks(os.environ, "SYNDICATION_TRUSTED_PROXIES", "127.0.0.0/8 ::1")
SIGNUP_FRESH_SECONDS = 2.0  # how old what a sign-up form offers may be
KEEP_CONSENT_NETWORK = environment.read_flag(os.environ, "SYNDICATION_CONSENT_NETWORK", default=True)
BOUNCE_LISTEN = inbound_environment.listen(environment.read(os.environ, "SYNDICATION_BOUNCE_LISTEN", "127.0.0.1:8026"))
BOUNCE_MAILBOX = inbound_environment.mailbox(environment.read(os.environ, "SYNDICATION_BOUNCE_MAILBOX"))
WEBHOOK_SECRET = inbound_environment.webhook_secret(environment.read(os.environ, "SYNDICATION_WEBHOOK_SECRET"))
WEBHOOK_SIGNING_KEY = environment.read(os.environ, "SYNDICATION_WEBHOOK_SIGNING_KEY")
BOUNCE_THRESHOLD = environment.read_number(os.environ, "SYNDICATION_BOUNCE_THRESHOLD", default=5, smallest=1, largest=100)

# ------------------------------------------------------------------ WebSub
HUB_ON = environment.read_flag(os.environ, "SYNDICATION_HUB", default=True)
OUTSIDE_HUBS = environment.read_addresses(os.environ, "SYNDICATION_HUBS")
FETCH_ALLOWED = tuple(environment.read(os.environ, "SYNDICATION_FETCH_ALLOW").split())  # addresses of a media server inside
HUB_ALLOWED_NETWORKS = environment.read_networks(os.environ, "SYNDICATION_HUB_ALLOW")  # callbacks there may be private
HUB_SECONDS_FOR_A_CALLBACK = 10.0  # for its whole answer, from the look-up of its name on
HUB_TLS: ssl.SSLContext | None = None  # the system's authorities

# ------------------------------------------------------------------ Django
INSTALLED_APPS = [
    "syndication",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    *(() if os.environ.get("SYNDICATION_PROCESS") == "worker" else ("ninja",)),  # 11 MB that only the web's API needs
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "syndication.web.private.never_stored",
]
ROOT_URLCONF = "syndication.web.urls"
WSGI_APPLICATION = "syndication.web.wsgi.application"
CSRF_FAILURE_VIEW = "syndication.web.error_pages.csrf_failed"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [TEMPLATES_DIR],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "syndication.web.pages.environment",
            "context_processors": ["syndication.web.pages.context"],
        },
    },
    {  # only for what Django, allauth and ninja bring along
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [TEMPLATES_DIR / "django"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL.replace("db=0", "db=1")}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "syndication" / "web" / "static"]
STATIC_ROOT = HOME / "staticfiles"
_make_folder("SYNDICATION_HOME", STATIC_ROOT)  # whitenoise warns when it is missing
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "syndication.web.upload_limit.UploadLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
IMPORTS = HOME / "imports"
_make_folder("SYNDICATION_HOME", IMPORTS, 0o700)
FILE_UPLOAD_TEMP_DIR = str(IMPORTS)  # tables of readers: not for everybody's /tmp
IMPORT_BYTES = 2**20 * environment.read_number(os.environ, "SYNDICATION_IMPORT_MB", default=200, smallest=1, largest=100_000)

# ------------------------------------------------------------------ sign-in
AUTH_USER_MODEL = "syndication.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/studio/"
ACCOUNT_ADAPTER = "syndication.web.accounts.StaffOnlyAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_ALLOW_UNVERIFIED_EMAIL = True  # staff addresses are given by an owner or the command line, never typed by a visitor
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _is_https
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
PASSWORD_RESET_TIMEOUT = 15 * 60  # seconds; also the life of a one-time sign-in link
# allauth's own mails (password reset) go the plain way: a person waits for them in the browser
EMAIL_BACKEND = "syndication.web.staff_mail.EmailBackend" if ESP else "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = SMTP.host, SMTP.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = SMTP.username, SMTP.password
EMAIL_USE_TLS, EMAIL_USE_SSL = SMTP.tls == "starttls", SMTP.tls == "implicit"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = f"Syndication <no-reply@{_public.hostname}>"

# ------------------------------------------------------------------ hardening
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _is_https
SECURE_HSTS_SECONDS = 31_536_000 if _is_https else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _is_https else None
X_FRAME_OPTIONS = "SAMEORIGIN"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "https:"],
        "media-src": [SELF, "https:"],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [SELF],
    }
}
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname).1s %(name)s: %(message)s"}},
    "filters": {"without secrets": {"()": "syndication.web.secret_paths.WithoutSecrets"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["without secrets"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # every scanner that asks for another host would leave a traceback
    # and aiosmtpd writes a line for each command, flufl.bounce one for each rule and a traceback for each that strangers break
    "loggers": {
        "django.security.DisallowedHost": {"handlers": [], "propagate": False},
        "mail.log": {"level": "WARNING"},
        "flufl.bounce": {"level": "CRITICAL"},
    },
}
