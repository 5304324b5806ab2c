"""A committed secret is found, and a false positive needs a stated reason."""

import subprocess

import pytest

from testkit.secrets_scan import Allowed, files, scan, unneeded

# Each is put together here: written out, it would be found in this file.
PLANTED = {
    "a private key": "-----BEGIN " + "PRIVATE KEY-----",
    "a private key of OpenSSH": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "a key of AWS": "AKIA" + "Q3EGUY7XJ2WLPN5D",
    "a live key of Stripe": "sk_" + "live_51HqLyjWDarjtT1zdp7dc8XQb",
    "a test key of Stripe": "sk_" + "test_51HqLyjWDarjtT1zdp7dc8XQb",
    "the secret of a webhook": "whsec_" + "Jk2v8QpZ1nXr5Lw9TdYc",
    "a live key of Razorpay": "rzp_" + "live_ILgsfZCZoFIKMb",
    "a token of GitHub": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "an access token": ".".join(
        ["eyJhbGciOiJFZERTQSJ9", "eyJzdWIiOiJVU0VSIzEifQ", "c2lnbmF0dXJlc2ln"]
    ),
    "a password in a setting": "DB_PASSWORD" + ": 'kJ8sPq2vXn5Lw9TdYc4R'",
    "a secret in JSON": '"keySecret"' + ': "f3a9c1d27b8e4056a1b2c3d4e5f60718"',
    "a token in the environment": "API_TOKEN" + "=kJ8sPq2vXn5Lw9TdYc4R",
}


@pytest.mark.parametrize("what", PLANTED)
def test_the_repository_cannot_hold(tmp_path, what):
    held = tmp_path / "settings.txt"
    held.write_text(f"harmless\nsomething {PLANTED[what]}\n")

    (secret,) = scan(tmp_path, [held])

    assert (secret.file, secret.line) == ("settings.txt", 2)


def test_who_finds_it_does_not_tell_it(tmp_path):
    held = tmp_path / "settings.txt"
    held.write_text(PLANTED["a live key of Stripe"])

    (secret,) = scan(tmp_path, [held])

    assert PLANTED["a live key of Stripe"] not in str(secret)


@pytest.mark.parametrize(
    "text",
    [
        'keys = {"apiKey": "sk_test_1", "webhookSecret": WEBHOOK_SECRET}',
        "secret_name: commerce/user-service/signing-keys",
        '"clientSecret": "pi_1_secret_client"',
        "token = self.settings.webhook_secret_of_the_gateway",
        '"integrity": "sha512-f3a9c1d27b8e4056a1b2c3d4e5f60718"',
    ],
)
def test_what_anybody_may_read_is_not_reported(tmp_path, text):
    held = tmp_path / "settings.txt"
    held.write_text(text)

    assert list(scan(tmp_path, [held])) == []


def test_untracked_files_are_scanned_and_ignored_ones_are_not(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("mine/\n")
    (tmp_path / "mine").mkdir()
    for name in ("new.txt", "mine/key.txt"):
        (tmp_path / name).write_text(PLANTED["a key of AWS"])

    assert {secret.file for secret in scan(tmp_path, files(tmp_path))} == {"new.txt"}


def test_an_exception_that_nothing_needs_any_more_is_reported(tmp_path):
    held = tmp_path / "settings.txt"
    held.write_text(PLANTED["a key of AWS"])
    secrets = list(scan(tmp_path, [held]))

    needed = Allowed("settings.txt", secrets[0].text, "of a guide")
    old = Allowed("gone.txt", secrets[0].text, "of a guide")

    assert unneeded(secrets, [needed, old]) == [old]
