from botocore import session

from common import aws


def test_all_sessions_share_what_botocore_reads_of_a_service(cloud):
    first, second = session.get_session(), session.get_session()

    assert first.get_service_data("sqs") is second.get_service_data("sqs")
    assert aws.client("sqs", seconds=1).meta.service_model.metadata["endpointPrefix"] == "sqs"
