"""The form with which an article is brought in: a file or pasted text, and how to read it."""

from django import forms

from syndication.articles.clean_article import KINDS
from syndication.articles.models import Article, Publication
from syndication.web.studio.campaign_form import ArticleChoice

OFFERED = 300  # articles in the choice, the newest ones
KIND_NAMES = {"text": "Plain text", "markdown": "Markdown", "html": "HTML"}


class ImportForm(forms.Form):
    """What is brought in, as what."""

    publication = forms.ModelChoiceField(Publication.objects.order_by("name"), empty_label=None)
    revises = ArticleChoice(
        Article.objects.none(),
        required=False,
        empty_label="A new article",
        label="It becomes",
        help_text="Choose an article to make this its next revision; its address and its id stay. "
        "A revision of a published article is live at once: on its page and in the feeds.",
    )
    file = forms.FileField(required=False, help_text="Text, Markdown or HTML.")
    text = forms.CharField(
        required=False, strip=False, label="Or paste it here", widget=forms.Textarea({"rows": 14, "spellcheck": "false", "class": "paste"})
    )
    kind = forms.ChoiceField(required=False, choices=[("", "Find out"), *((kind, KIND_NAMES[kind]) for kind in KINDS)], label="It is")
    encoding = forms.CharField(
        required=False,
        max_length=40,
        help_text="Only for a file that is not UTF-8: latin-1, cp1252, utf-16.",
        widget=forms.TextInput({"list": "encodings"}),
    )

    def __init__(self, *args: object, asked_article: int | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed through
        newest = list(Article.objects.order_by("-updated_at").values_list("pk", flat=True)[:OFFERED])
        offered = Article.objects.select_related("publication").filter(pk__in=[*newest, asked_article or 0])
        self.fields["revises"].queryset = offered.order_by("-updated_at")  # type: ignore[attr-defined]  # a ModelChoiceField

    def clean(self) -> dict[str, object]:
        """Exactly one of file and text; a revision stays in its publication."""
        typed = super().clean() or {}
        has_text = bool(str(typed.get("text") or "").strip())
        if not typed.get("file") and not has_text and "file" not in self.errors:
            self.add_error("file", "Choose a file, or paste the text below.")
        if typed.get("file") and has_text:
            self.add_error("file", "There is a file and pasted text: which of the two is it? Take one away.")
        revised, publication = typed.get("revises"), typed.get("publication")
        if isinstance(revised, Article) and isinstance(publication, Publication) and revised.publication_id != publication.pk:
            self.add_error("revises", f"This article belongs to {revised.publication.name}.")
        return typed
