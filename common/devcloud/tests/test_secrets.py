import pytest


@pytest.fixture
def secrets(cloud, stack):
    stack(
        "secrets",
        {"Empty": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "empty"}}},
    )
    return cloud.client("secretsmanager")


def test_a_secret_without_a_value_is_not_found_until_one_is_put(secrets):
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId="empty")

    secrets.put_secret_value(SecretId="empty", SecretString="filled")

    assert secrets.get_secret_value(SecretId="empty")["SecretString"] == "filled"
