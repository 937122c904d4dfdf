import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from support.publications import make_list, make_publication
from support.staff import signed_in

from syndication.audience.imports import job as jobs
from syndication.audience.imports.work import work
from syndication.audience.models import ImportJob, Subscriber, Subscription, Suppression
from syndication.audience.suppression.suppress import suppress

pytestmark = [pytest.mark.django_db, pytest.mark.database]
TABLE = b"Email,Full Name,Plan\nada@example.org,Ada,pro\nbo@example.org,Bo,\nADA@example.org,Again,\nwrong,,\n"
PAGE = "/studio/subscribers/import/"


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.IMPORTS = tmp_path


@pytest.fixture
def news():
    return make_list(make_publication(), "news")


@pytest.fixture
def staff():
    return signed_in("editor")


def upload(staff, news, content=TABLE, name="readers.csv"):
    return staff.post(PAGE, {"list": news.pk, "file": SimpleUploadedFile(name, content)})


def uploaded(staff, news, content=TABLE):
    answer = upload(staff, news, content)
    assert answer.status_code == 302, answer.content.decode()
    return ImportJob.objects.latest("pk")


def described(staff, job, **other):
    page = staff.get(f"{PAGE}{job.pk}/").content.decode()
    assert "Try it out" in page
    look = jobs.look_again(job)
    plain = {"encoding": look.form.encoding, "delimiter": "comma", "has_header": "on", "preset": look.form.preset or "none"}
    for at, column in enumerate(look.columns):
        is_attribute = column.field.startswith("attribute:")
        plain |= {f"field-{at}": "attribute" if is_attribute else column.field, f"key-{at}": column.field.removeprefix("attribute:")}
    return staff.post(f"{PAGE}{job.pk}/", plain | other)


def worked(job):
    while work(job.pk, mailed=lambda _: set()):
        pass
    job.refresh_from_db()
    return job


def words_of(answer):
    return " ".join(answer.content.decode().split())


def test_a_file_is_uploaded_described_tried_out_brought_in_and_taken_back(staff, news):
    job = uploaded(staff, news)
    assert described(staff, job, confirmed="on", consent_source="The form of the old site").status_code == 302
    assert worked(job).state == ImportJob.State.READY
    assert job.expected == {"new": 2, "updated": 0, "unchanged": 0, "suppressed": 0, "refused": 2}
    assert not Subscriber.objects.exists()
    page = words_of(staff.get(f"{PAGE}{job.pk}/"))
    assert "nothing is brought in yet" in page
    assert "the same address as in line 2" in page
    staff.post(f"{PAGE}{job.pk}/start/")
    assert worked(job).state == ImportJob.State.DONE
    assert job.counts == job.expected
    ada = Subscriber.objects.get(address="ada@example.org")
    assert (ada.name, ada.attributes) == ("Ada", {"plan": "pro"})
    assert ada.subscriptions.get().consent.get().import_job.consent_source == "The form of the old site"
    staff.post(f"{PAGE}{job.pk}/undo/")
    assert worked(job).state == ImportJob.State.UNDONE
    assert not Subscriber.objects.filter(state="active").exists()
    assert "2</b><span>new subscribers gone" in words_of(staff.get(f"{PAGE}{job.pk}/"))


def test_what_is_uploaded_is_kept_for_nobody_else_and_goes_when_it_is_in(staff, news, settings):
    job = uploaded(staff, news)
    (kept,) = settings.IMPORTS.glob("*.table")
    assert kept.stat().st_mode & 0o777 == 0o600
    described(staff, job)
    worked(job)
    staff.post(f"{PAGE}{job.pk}/start/")
    assert worked(job).state == ImportJob.State.DONE
    assert not list(settings.IMPORTS.iterdir())


def test_confirmed_readers_need_a_source_of_consent(staff, news):
    job = uploaded(staff, news)
    answer = described(staff, job, confirmed="on")
    assert answer.status_code == 422
    assert "Say where these readers agreed" in words_of(answer)
    job.refresh_from_db()
    assert job.state == ImportJob.State.UPLOADED


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The submitted file is empty"),
        (b"PK\x03\x04\0\0", "ZIP or Excel"),
        (b"\x89PNG\r\n\0\0\0", "no text"),
        (b"a" + b"," * 100_000 + b"\n", "columns; 200 are the most"),
        (b" \n\n", "The file is empty"),
    ],
)
def test_what_is_no_table_is_refused_beside_the_file(staff, news, content, said):
    answer = upload(staff, news, content)
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert not ImportJob.objects.exists()


def test_a_file_that_is_too_large_is_not_kept(staff, news, settings):
    settings.IMPORT_BYTES = 1000
    answer = upload(staff, news, b"email\n" + b"a@example.org\n" * 1000)
    assert answer.status_code == 422
    assert "larger than this installation takes" in words_of(answer)
    assert not list(settings.IMPORTS.iterdir())


def test_a_broken_quote_far_down_fails_the_trial_with_its_line_and_brings_nobody_in(staff, news):
    rows = b"".join(b"r%d@example.org,x,y\n" % number for number in range(5000))
    job = uploaded(staff, news, b"email,name,plan\n" + rows + b'z@example.org,"Z"x,\n')
    described(staff, job)
    assert worked(job).state == ImportJob.State.FAILED
    assert "Line 5002" in job.problem
    assert "Line 5002" in words_of(staff.get(f"{PAGE}{job.pk}/"))
    assert not Subscriber.objects.exists()


def test_columns_can_be_chosen_otherwise_and_privileged_names_are_refused_clearly(staff, news):
    job = uploaded(staff, news, b"email,id\nada@example.org,7\n")
    assert job.mapping["columns"] == ["address", "ignore"]
    answer = described(staff, job, **{"field-1": "attribute", "key-1": "id"})
    assert answer.status_code == 422
    assert "call it old_id" in words_of(answer)
    assert described(staff, job, **{"field-1": "attribute", "key-1": "old_id"}).status_code == 302
    worked(job)
    staff.post(f"{PAGE}{job.pk}/start/")
    worked(job)
    assert Subscriber.objects.get().attributes == {"old_id": "7"}


def test_a_file_read_otherwise_shows_its_columns_anew(staff, news):
    job = uploaded(staff, news, "email;name\nada@example.org;Zoë\n".encode("cp1252"))
    assert (job.form["encoding"], job.form["delimiter"]) == ("cp1252", ";")
    answer = described(staff, job, delimiter="tab")
    assert answer.status_code == 302
    job.refresh_from_db()
    assert job.state == ImportJob.State.UPLOADED
    assert job.mapping["names"] == ["email;name"]


def test_progress_is_polled_until_the_state_changes_and_then_the_page_is_loaded_again(staff, news):
    job = uploaded(staff, news)
    described(staff, job)
    assert 'hx-trigger="every 1s"' in words_of(staff.get(f"{PAGE}{job.pk}/progress/?was=checking"))
    worked(job)
    answer = staff.get(f"{PAGE}{job.pk}/progress/?was=checking")
    assert answer["HX-Refresh"] == "true"
    assert staff.get(f"{PAGE}{job.pk}/progress/?was=ready").status_code == 286


def test_acts_in_the_wrong_state_are_refused_in_words(staff, news):
    job = uploaded(staff, news)
    for act in ("start", "stop", "resume", "undo"):
        answer = staff.post(f"{PAGE}{job.pk}/{act}/", follow=True)
        assert "not possible now" in words_of(answer), act
    assert staff.post(f"{PAGE}{job.pk}/nonsense/").status_code == 404
    assert staff.get(f"{PAGE}{job.pk + 1}/").status_code == 404


def test_a_file_that_is_not_wanted_is_deleted(staff, news, settings):
    job = uploaded(staff, news)
    staff.post(f"{PAGE}{job.pk}/discard/")
    assert not list(settings.IMPORTS.iterdir())
    assert "the file is deleted" in words_of(staff.get(f"{PAGE}{job.pk}/"))


def test_the_refused_rows_are_a_table_that_harms_no_spreadsheet(staff, news):
    job = uploaded(staff, news, b"email\n=HYPERLINK(1)\n")
    described(staff, job)
    worked(job)
    lines = b"".join(staff.get(f"{PAGE}{job.pk}/refused.csv").streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "line,email,why"
    assert lines[1].startswith("2,'=HYPERLINK(1),")


def test_readers_are_exported_by_list_and_state(staff, news):
    job = uploaded(staff, news)
    described(staff, job)
    worked(job)
    staff.post(f"{PAGE}{job.pk}/start/")
    worked(job)

    def lines(query):
        return b"".join(staff.get(f"/studio/subscribers/export.csv?{query}").streaming_content).decode("utf-8-sig").splitlines()

    assert len(lines(f"list={news.pk}")) == 3
    assert len(lines("state=confirmed")) == 1
    assert Subscription.objects.count() == 2


def test_suppressions_leave_as_hashes_and_for_owners_only(staff, news):
    suppress("ada@example.org", reason="complained")
    assert staff.get("/studio/suppressions.csv").status_code == 403
    text = b"".join(signed_in("owner").get("/studio/suppressions.csv").streaming_content).decode()
    assert "complained" in text
    assert Suppression.objects.get().address_hash in text
    assert "ada@" not in text


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}1/", f"{PAGE}1/refused.csv", "/studio/subscribers/export.csv", "/studio/suppressions.csv"])
def test_who_may_only_look_cannot_bring_readers_in_or_carry_them_out(path):
    assert signed_in("viewer").get(path).status_code == 403
