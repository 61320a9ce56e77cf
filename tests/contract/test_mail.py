"""E-mail services: a real mail server, one with TLS and a password, and the folder."""

import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from creator_app.integrations.mail import Email, MailError, get_email_service
from tests.peers.creator import free_port

EMAIL = Email("ann@example.org", "Dein Bild ist fertig ✓", "Plain: ünï\n", "<p>Pretty: ünï</p>")


class Inbox:
    """Keeps what the mail server was given."""

    def __init__(self):
        self.messages = []

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server, session, envelope, address, options
    ):
        if address.startswith("nobody@"):
            return "550 no such person"
        if address.startswith("later@"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server, session, envelope
    ):
        self.messages.append((session.authenticated, envelope.mail_from, envelope.content))
        return "250 OK"


def allow(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"creator", b"p:w/1")
    return AuthResult(success=right, handled=right)


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def server(inbox):
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    yield from started(controller)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for localhost that nobody trusts who was not told to."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    return folder


@pytest.fixture
def tls_server(inbox, certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    options = {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": allow,
    }
    yield from started(Controller(inbox, hostname="localhost", port=free_port(), **options))


def started(controller):
    controller.start()
    yield f"{controller.hostname}:{controller.port}"
    controller.stop()


@pytest.fixture(params=["smtp", "folder"])
def sent(request, tmp_path):
    """Sends an e-mail and gives back what arrived, and what `send` returned."""

    def send(email):
        if request.param == "folder":
            returned = get_email_service(None, tmp_path / "outbox", "Creator <creator@example.org>").send(
                email
            )
            [file] = (tmp_path / "outbox").glob("*.eml")
            content = file.read_bytes()
        else:
            url = f"smtp://{request.getfixturevalue('server')}"
            returned = get_email_service(url, tmp_path, "Creator <creator@example.org>").send(email)
            [(_, sender, content)] = request.getfixturevalue("inbox").messages
            assert sender == "creator@example.org"
        return message_from_bytes(content, policy=policy.default), returned

    return send


def test_an_email_arrives_as_text_and_as_html(sent):
    message, returned = sent(EMAIL)
    assert (message["To"], message["Subject"]) == ("ann@example.org", "Dein Bild ist fertig ✓")
    assert message["From"] == "Creator <creator@example.org>"
    assert message["Message-ID"] == returned
    assert message["Date"]
    assert message.get_content_type() == "multipart/alternative"
    assert message.get_body(("plain",)).get_content().splitlines() == ["Plain: ünï"]
    assert "Pretty: ünï" in message.get_body(("html",)).get_content()


def test_text_alone_is_an_email(sent):
    message, _ = sent(Email("ann@example.org", "Hello", "Text"))
    assert message.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "email",
    [
        Email("ann@example.org\nBcc: eve@example.org", "x", "x"),
        Email("ann@example.org", "x\nBcc: eve@example.org", "x"),
        Email("no address", "x", "x"),
        Email("", "x", "x"),
    ],
)
def test_no_header_can_be_smuggled_in(sent, email):
    with pytest.raises(MailError) as caught:
        sent(email)
    assert not caught.value.retryable


def service(url):
    return get_email_service(url, None, "creator@example.org")


@pytest.mark.parametrize(("person", "retryable"), [("nobody", False), ("later", True)])
def test_a_refused_address_is_told(server, person, retryable):
    with pytest.raises(MailError) as caught:
        service(f"smtp://{server}").send(Email(f"{person}@example.org", "x", "x"))
    assert caught.value.retryable == retryable


def test_a_server_that_is_away_is_told_and_may_come_back():
    with pytest.raises(MailError, match="refused") as caught:
        service("smtp://127.0.0.1:1").send(EMAIL)
    assert caught.value.retryable


def test_login_happens_over_tls_with_a_server_that_is_trusted(tls_server, inbox, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    service(f"smtp://creator:p%3Aw%2F1@{tls_server}?starttls=1").send(EMAIL)
    assert [authenticated for authenticated, *_ in inbox.messages] == [True]


def test_a_server_that_is_not_trusted_gets_no_password(tls_server, inbox):
    with pytest.raises(MailError, match="certificate"):
        service(f"smtp://creator:p%3Aw%2F1@{tls_server}").send(EMAIL)
    assert inbox.messages == []


def test_a_wrong_password_is_told_and_never_shown(tls_server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    with pytest.raises(MailError) as caught:
        service(f"smtp://creator:hidden@{tls_server}").send(EMAIL)
    assert "535" in caught.value.message
    assert "hidden" not in caught.value.message
    assert caught.value.retryable


def test_the_folders_files_are_for_this_user_alone(tmp_path):
    get_email_service(None, tmp_path / "outbox").send(EMAIL)
    [file] = (tmp_path / "outbox").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
