// List and watch with nothing but npm packages and the certificates: the schemas come
// from the gateway itself.
//
//   node client.mjs ../../../.liandong/tls police localhost:7443
import { readFileSync } from "node:fs";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import protobuf from "protobufjs/minimal.js";

const [folder, agency, target] = process.argv.slice(2);
const file = (name) => readFileSync(join(folder, name));
const credentials = grpc.credentials.createSsl(
  file("ca.pem"),
  file(`${agency}.key`),
  file(`${agency}.pem`),
);

/** Return the schemas that define a message, as the gateway tells them. */
function schemas(message) {
  const client = new grpc.Client(target, credentials);
  const same = (bytes) => bytes;
  // GetSchemaRequest.name and GetSchemaResponse.file_descriptor_set are both field 1.
  const request = protobuf.Writer.create().uint32(10).string(message).finish();
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(
      "/liandong.gateway.v1.CatalogService/GetSchema",
      same,
      same,
      Buffer.from(request),
      (error, answer) => {
        client.close();
        if (error) return reject(error);
        const reader = protobuf.Reader.create(answer);
        reader.uint32();
        resolve(Buffer.from(reader.bytes()));
      },
    ),
  );
}

const loaded = loadFileDescriptorSetFromBuffer(
  await schemas("liandong.gateway.v1.ListRecordsRequest"),
  { keepCase: true, longs: String, enums: String, oneofs: true },
);
const { SharedStateService } = grpc.loadPackageDefinition(loaded).liandong.gateway.v1;
const state = new SharedStateService(target, credentials);

const selection = { kinds: ["water.level"] };
const page = await new Promise((resolve, reject) =>
  state.ListRecords({ selection, page_size: 20 }, (error, answer) =>
    error ? reject(error) : resolve(answer),
  ),
);
for (const record of page.records) {
  console.log("listed", record.name, record.water_level?.level_m);
}

const watch = state.WatchRecords({ selection });
watch.on("data", ({ events }) => {
  for (const event of events) {
    console.log("event", event.type, event.record?.name ?? event.name);
    if (event.type === "EVENT_TYPE_BOOKMARK") {
      watch.cancel(); // A real client goes on: from here on come changes.
    }
  }
});
watch.on("error", (error) => {
  state.close();
  if (error.code !== grpc.status.CANCELLED) throw error;
});
