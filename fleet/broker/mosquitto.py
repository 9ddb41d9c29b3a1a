"""The access table as mosquitto reads it, for fleets that outgrow the embedded broker.

mosquitto knows a gate by its certificate's CN and needs no reload when one enrols. It has no pattern for a
shard: that part is a wildcard here, and whoever parses the topic refuses a shard that is not the gate's.
A revoked certificate must be listed in `crlfile` and the broker restarted; see the operations guide.
"""

from typing import Final

from fleet.broker.clients import SERVICES
from fleet.broker.nats import Place
from wire.topics import ACL

_CONFIGURATION: Final = """\
# Rendered by jx-fleet from wire.topics.ACL: changes here are lost.
listener {place.port} {place.host}
cafile {place.authority}
certfile {place.certificate}
keyfile {place.key}
crlfile {place.directory}/revoked.pem
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {place.directory}/mosquitto.acl
persistence false
message_size_limit 1048576
max_queued_messages 10000
log_dest stdout
"""


def render_configuration(place: Place) -> str:
    """mosquitto.conf."""
    return _CONFIGURATION.format(place=place)


def render_acl() -> str:
    """The acl_file: patterns for all gates, then the services by name."""
    gate = ACL["gate"]
    fill = {"gate": "%u", "shard": "+"}
    lines = ["# Rendered by jx-fleet from wire.topics.ACL: changes here are lost."]
    lines += [f"pattern write {topic.format(**fill)}" for topic in gate.publish]
    lines += [f"pattern read {topic.format(**fill)}" for topic in gate.subscribe]
    for service in SERVICES:
        lines += ["", f"user {service}"]
        lines += [f"topic write {topic}" for topic in ACL[service].publish]
        lines += [f"topic read {topic}" for topic in ACL[service].subscribe]
    return "\n".join(lines) + "\n"
