"""The table of DKIM keys: one in use for each domain and algorithm, others waiting for their DNS record or retired."""

from django.db import models


class SigningKey(models.Model):
    """A private key, sealed with the installation's secret; rows stay, so that mail under way finds the key that it began with."""

    class Algorithm(models.TextChoices):
        """The k= tag of the record."""

        RSA = "rsa"
        ED25519 = "ed25519"

    domain = models.CharField(max_length=253)
    """In A-labels, lower case."""
    selector = models.CharField(max_length=253)
    algorithm = models.CharField(max_length=8, choices=Algorithm)
    private_key = models.TextField()
    """PKCS #8 PEM, encrypted; see keys.py."""
    public_key = models.TextField()
    """The p= tag of the DNS record; readable without the secret."""
    is_active = models.BooleanField(default=False)
    """Whether new mailings are signed with it."""
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    """When it was taken out of use; null while it is in use, or waits for its first."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "selector"], name="selector_once_per_domain"),
            models.UniqueConstraint(
                fields=["domain", "algorithm"], condition=models.Q(is_active=True), name="one_key_in_use_per_algorithm"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.selector}._domainkey.{self.domain} ({self.state})"

    @property
    def state(self) -> str:
        """In a word for people: "in use", "waiting" (for its DNS record) or "retired"."""
        if self.is_active:
            return "in use"
        return "retired" if self.retired_at else "waiting"
