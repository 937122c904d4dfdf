"""The tables of staff and of what they plan."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from syndication.articles.models import Article, Publication
from syndication.audience.models import SubscriberList
from syndication.delivery.models import Mailing


class UserManager(BaseUserManager["User"]):
    """Makes staff accounts known by their email address."""

    def create_user(self, email: str, *, role: str, name: str = "") -> "User":
        """A person without a password: sign-in by a one-time link until one is set."""
        user = self.model(email=email.strip().lower(), role=role, name=name)
        user.set_unusable_password()
        user.save()
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A member of staff."""

    class Role(models.TextChoices):
        """What a person may do: owners everything, editors articles and campaigns, viewers only look."""

        OWNER = "owner"
        EDITOR = "editor"
        VIEWER = "viewer"

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=12, choices=Role, default=Role.VIEWER)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_owner(self) -> bool:
        """Whether this person may see and do everything."""
        return self.is_active and self.role == self.Role.OWNER

    @property
    def may_edit(self) -> bool:
        """Whether this person may change articles, lists and campaigns."""
        return self.is_active and self.role in {self.Role.OWNER, self.Role.EDITOR}


class Campaign(models.Model):
    """The plan of a person in marketing: which article, to whom, when."""

    class State(models.TextChoices):
        """From draft to one of the two ends."""

        DRAFT = "draft"
        SCHEDULED = "scheduled"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        CANCELLED = "cancelled"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="campaigns")
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="campaigns")
    list = models.ForeignKey(SubscriberList, on_delete=models.PROTECT, related_name="campaigns")
    subject = models.TextField(blank=True)
    """Empty: the article's title."""
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    starts_at = models.DateTimeField(null=True)
    """UTC."""
    wall_time = models.CharField(max_length=64, blank=True)
    """What the person typed, such as 2026-12-01T09:00."""
    zone = models.CharField(max_length=64, blank=True)
    problem = models.TextField(blank=True)
    """Why it did not start, in words for staff."""
    mailing = models.OneToOneField(Mailing, on_delete=models.PROTECT, null=True, related_name="campaign")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "starts_at"], name="campaign_due")]

    def __str__(self) -> str:
        return f"{self.subject or self.article.title} ({self.state})"
