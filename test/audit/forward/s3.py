"""An S3 endpoint (moto) that verifies signatures, with a bucket that has object lock, and an administrator who tries to erase.

Prints its address and the forwarder's key; then for each line on stdin what the bucket has, or what became of erasing it all.
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError
from moto import settings
from moto.server import ThreadedMotoServer

REGION, BUCKET = 'eu-west-1', 'countersign-log'


def client(service, key, secret):
    return boto3.client(service, endpoint_url=url, region_name=REGION, aws_access_key_id=key, aws_secret_access_key=secret)


def user(name, actions):
    iam = client('iam', 'setup', 'setup')
    iam.create_user(UserName=name)
    statement = [{'Effect': 'Allow', 'Action': actions, 'Resource': '*'}]
    iam.put_user_policy(
        UserName=name, PolicyName='all', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': statement})
    )
    key = iam.create_access_key(UserName=name)['AccessKey']
    return key['AccessKeyId'], key['SecretAccessKey']


def versions():
    found = []
    for version in admin.list_object_versions(Bucket=BUCKET).get('Versions', []):
        head = admin.head_object(Bucket=BUCKET, Key=version['Key'], VersionId=version['VersionId'])
        until = head.get('ObjectLockRetainUntilDate')
        found.append({
            'key': version['Key'],
            'etag': version['ETag'],
            'mode': head.get('ObjectLockMode'),
            'until': until.isoformat() if until else None,
        })
    return found


def erase():
    refused = []
    for version in admin.list_object_versions(Bucket=BUCKET).get('Versions', []):
        try:
            admin.delete_object(
                Bucket=BUCKET, Key=version['Key'], VersionId=version['VersionId'], BypassGovernanceRetention=True
            )
        except ClientError as error:
            refused.append({'key': version['Key'], 'code': error.response['Error']['Code']})
    return refused


server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f'http://{host}:{port}'
setup = client('s3', 'setup', 'setup')
setup.create_bucket(
    Bucket=BUCKET,
    CreateBucketConfiguration={'LocationConstraint': REGION},
    ObjectLockEnabledForBucket=True,
)
key, secret = user('forwarder', ['s3:PutObject', 's3:PutObjectRetention', 's3:GetObject', 's3:ListBucket'])
admin = client('s3', *user('administrator', ['s3:*']))
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
print(json.dumps({'url': url, 'bucket': BUCKET, 'region': REGION, 'key': key, 'secret': secret}), flush=True)
for line in sys.stdin:
    print(json.dumps(versions() if line.strip() == 'versions' else erase()), flush=True)
