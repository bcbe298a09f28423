"""moto's server, run by the Python that has it: moto_server.py PORT TOKEN_FILE

AssumeRoleWithWebIdentity is unsigned, as with AWS, which moto does not know while it checks signatures; and it takes
only the token in the file, where moto takes any. What is wrong with a signature or a policy Secrets Manager says in
JSON, as its protocol demands, where moto answers in XML.
"""

import pathlib
import sys

from moto.secretsmanager.responses import SecretsManagerResponse
from moto.server import main
from moto.sts.exceptions import STSClientError
from moto.sts.responses import TokenResponse
from werkzeug.exceptions import HTTPException

port, token_file = sys.argv[1], pathlib.Path(sys.argv[2])
check_signature, assume_role = (
    TokenResponse._authenticate_and_authorize_normal_action,
    TokenResponse.assume_role_with_web_identity,
)
check_signature_of_secrets = SecretsManagerResponse._authenticate_and_authorize_normal_action


def check_signature_unless_web_identity(self, resource="*"):
    if self._get_action() != "AssumeRoleWithWebIdentity":
        check_signature(self, resource)


def check_signature_in_json(self, resource="*"):
    try:
        check_signature_of_secrets(self, resource)
    except HTTPException as refusal:
        raise refusal.to_json() from None


def assume_role_for_the_token(self):
    if self._get_param("WebIdentityToken") != token_file.read_text():
        raise STSClientError("InvalidIdentityToken", "The web identity token is not the one in the file")
    return assume_role(self)


TokenResponse._authenticate_and_authorize_normal_action = check_signature_unless_web_identity
SecretsManagerResponse._authenticate_and_authorize_normal_action = check_signature_in_json
TokenResponse.assume_role_with_web_identity = assume_role_for_the_token
main(["-H", "127.0.0.1", "-p", port])
