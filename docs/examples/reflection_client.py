"""List and watch with nothing but grpcio, reflection and the certificates.

python reflection_client.py .liandong/tls police localhost:7443
"""

import itertools
import signal
import sys
from pathlib import Path

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

# Whoever reads what is printed may stop reading, as `head` does: then this ends, too.
if hasattr(signal, "SIGPIPE"):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)

folder, agency, target = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
credentials = grpc.ssl_channel_credentials(
    (folder / "ca.pem").read_bytes(),
    (folder / f"{agency}.key").read_bytes(),
    (folder / f"{agency}.pem").read_bytes(),
)
with grpc.secure_channel(target, credentials) as channel:
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    service = pool.FindServiceByName("liandong.gateway.v1.SharedStateService")
    listing, watching = (service.methods_by_name[name] for name in ("ListRecords", "WatchRecords"))

    list_records = channel.unary_unary(
        f"/{service.full_name}/{listing.name}",
        request_serializer=GetMessageClass(listing.input_type).SerializeToString,
        response_deserializer=GetMessageClass(listing.output_type).FromString,
    )
    for record in list_records(GetMessageClass(listing.input_type)(page_size=20)).records:
        print("listed", record.name)

    watch_records = channel.unary_stream(
        f"/{service.full_name}/{watching.name}",
        request_serializer=GetMessageClass(watching.input_type).SerializeToString,
        response_deserializer=GetMessageClass(watching.output_type).FromString,
    )
    responses = watch_records(GetMessageClass(watching.input_type)())
    bookmark = pool.FindEnumTypeByName("liandong.gateway.v1.EventType").values_by_name[
        "EVENT_TYPE_BOOKMARK"
    ]
    for event in itertools.chain.from_iterable(response.events for response in responses):
        print("event", event.type, event.record.name or event.name)
        if event.type == bookmark.number:
            break  # A real client goes on: from here on come changes.
