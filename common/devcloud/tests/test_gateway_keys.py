import json

import pytest

from delivery import gateway_keys
from delivery.paths import ROOT

ORCHESTRATOR = ROOT / "checkout-orchestrator"
STRIPE = {"apiKey": "sk_live_1", "webhookSecret": "whsec_1"}
RAZORPAY = {"keyId": "rzp_live_1", "keySecret": "one", "webhookSecret": "two"}


def store(cloud, name, value):
    client = cloud.client("secretsmanager")
    try:
        client.create_secret(Name=name, SecretString=json.dumps(value))
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=name, SecretString=json.dumps(value))


def test_a_stage_with_all_keys_may_be_deployed(cloud):
    store(cloud, "commerce/stripe", STRIPE)
    store(cloud, "commerce/razorpay", RAZORPAY)

    gateway_keys.require_keys(cloud, ORCHESTRATOR, "prod")


@pytest.mark.parametrize(
    ("razorpay", "missing"),
    [
        ({}, "no keyId, no keySecret, no webhookSecret"),
        ({**RAZORPAY, "webhookSecret": " "}, "no webhookSecret"),
    ],
)
def test_a_missing_key_stops_the_deployment_with_a_sentence(cloud, razorpay, missing):
    store(cloud, "commerce/stripe", STRIPE)
    store(cloud, "commerce/razorpay", razorpay)

    with pytest.raises(gateway_keys.KeysMissing, match=f"commerce/razorpay has {missing}: put all"):
        gateway_keys.require_keys(cloud, ORCHESTRATOR, "prod")
