"""The gRPC API in which departments read the shared state, within their agreements."""
