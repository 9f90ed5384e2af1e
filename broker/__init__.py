"""All that knows NATS: subjects, accounts, streams, publishing, quarantine, the server."""
