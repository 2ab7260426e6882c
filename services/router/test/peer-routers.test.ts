import { expect, it } from "vitest";
import { PeerRouters, silentAfterMs } from "../src/core/peer-routers.ts";

function withPeer(): PeerRouters {
  const peers = new PeerRouters();
  peers.found("a", "host:2", 1_000);
  return peers;
}

it("a router that was found is gone when nothing is heard of it for five seconds", () => {
  const peers = withPeer();
  expect(peers.gone("host:1", 1_000 + silentAfterMs - 1)).toEqual([]);
  expect(peers.gone("host:1", 1_000 + silentAfterMs)).toEqual(["a"]);
});

it("a report puts that off", () => {
  const peers = withPeer();
  peers.heard("a", "host:2", false, 3_000);
  expect(peers.gone("host:1", 1_000 + silentAfterMs)).toEqual([]);
});

it("a router that says that it leaves is gone at once", () => {
  const peers = withPeer();
  peers.heard("a", "host:2", true, 1_001);
  expect(peers.gone("host:1", 1_001)).toEqual(["a"]);
});

it("a router that was at this one's own address is gone at once: two cannot listen there", () => {
  const peers = withPeer();
  peers.found("b", "host:1", 1_000);
  expect(peers.gone("host:1", 1_000)).toEqual(["b"]);
});

it("silence while nobody could be heard means nothing", () => {
  const peers = withPeer();
  peers.listenAnew(60_000);
  expect(peers.gone("host:1", 60_000)).toEqual([]);
});

it("a router whose journal is closed is nobody's peer any more", () => {
  const peers = withPeer();
  peers.closed("a");
  expect(peers.gone("host:1", 60_000)).toEqual([]);
});
