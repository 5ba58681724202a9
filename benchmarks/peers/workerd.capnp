# One worker on one socket, whose address comes from the command line.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "functions", worker = .functions)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "functions")],
);

const functions :Workerd.Worker = (
  modules = [
    (name = "workerd-functions.js", esModule = embed "workerd-functions.js"),
    (name = "compute.js", esModule = embed "compute.js"),
  ],
  compatibilityDate = "2026-11-01",
);
