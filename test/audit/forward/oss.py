"""An OSS endpoint that verifies signatures with the vendor's own signer (alibabacloud-oss-v2), and keeps versions.

Its one bucket has versions and the other none. Prints its address; then for each line on stdin what its bucket has.
"""

import base64
import hashlib
import json
import sys
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from alibabacloud_oss_v2.credentials import Credentials
from alibabacloud_oss_v2.signer.v4 import SignerV4
from alibabacloud_oss_v2.types import HttpRequest, SigningContext

REGION, BUCKET, PLAIN = 'cn-hangzhou', 'countersign-log', 'plain-log'
KEYS = {'forwarder': 'forwarder-secret'}
objects, lock = {}, threading.Lock()


def md5_of(body):
    return hashlib.md5(body).hexdigest()


def expected_authorization(handler):
    given = {name.lower(): value for name, value in handler.headers.items() if name.lower() != 'authorization'}
    credential = handler.headers['Authorization'].split('Credential=')[1].split('/')[0]
    _, bucket, key = handler.path.split('/', 2)
    request = HttpRequest(method=handler.command, url=f'http://{handler.headers["Host"]}{handler.path}', headers=given)
    SignerV4().sign(SigningContext(
        product='oss', region=REGION, bucket=bucket, key=key, request=request,
        credentials=Credentials(credential, KEYS[credential], given.get('x-oss-security-token')),
        signing_time=datetime.strptime(given['x-oss-date'], '%Y%m%dT%H%M%SZ').replace(tzinfo=timezone.utc),
    ))
    return request.headers['Authorization']


class Endpoint(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, body=b'', code=None):
        if code is not None:
            body = f'<?xml version="1.0"?><Error><Code>{code}</Code></Error>'.encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refusal(self, body):
        try:
            expected = expected_authorization(self)
        except Exception:
            return 403, 'InvalidAccessKeyId'
        if self.headers['Authorization'] != expected:
            return 403, 'SignatureDoesNotMatch'
        sent = datetime.strptime(self.headers['x-oss-date'], '%Y%m%dT%H%M%SZ').replace(tzinfo=timezone.utc)
        if abs(datetime.now(timezone.utc) - sent) > timedelta(minutes=15):
            return 403, 'RequestTimeTooSkewed'
        md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
        if self.command == 'PUT' and self.headers['Content-MD5'] != md5:
            return 400, 'InvalidDigest'
        return None

    def do_GET(self):
        refusal = self.refusal(b'')
        with lock:
            found = objects.get(self.path)
        if refusal is not None:
            self.answer(refusal[0], code=refusal[1])
        elif found is None:
            self.answer(404, code='NoSuchKey')
        else:
            self.answer(200, found[-1]['body'])

    def do_PUT(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        refusal = self.refusal(body)
        if refusal is not None:
            return self.answer(refusal[0], code=refusal[1])
        with lock:
            # Where a bucket has versions, OSS passes over the header.
            plain = self.path.startswith(f'/{PLAIN}/')
            if plain and self.headers.get('x-oss-forbid-overwrite') == 'true' and self.path in objects:
                return self.answer(409, code='FileAlreadyExists')
            objects.setdefault(self.path, []).append({
                'body': body,
                'etag': md5_of(body),
                'mode': self.headers.get('x-oss-object-worm-mode'),
                'until': self.headers.get('x-oss-object-worm-retain-until-date'),
            })
        self.answer(200)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(('127.0.0.1', 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({
    'url': f'http://127.0.0.1:{server.server_port}', 'bucket': BUCKET, 'region': REGION,
    'key': 'forwarder', 'secret': KEYS['forwarder'],
}), flush=True)
for _ in sys.stdin:
    with lock:
        print(json.dumps([
            {'key': path.split('/', 2)[2], 'etag': one['etag'], 'mode': one['mode'], 'until': one['until']}
            for path, all in objects.items() if path.startswith(f'/{BUCKET}/') for one in all
        ]), flush=True)
