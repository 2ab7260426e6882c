import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";

// Written by libs/proto/src/plugin/protoc-gen-codec.ts. Do not edit.

const noBytes = new Uint8Array(0);

class ExecuteStreamRequest {
  constructor() {
    this.$typeName = "hearth.v1.ExecuteStreamRequest";
    this.executions = [];
  }
}

function writeExecuteStreamRequest(w, m) {
  for (let i = m.executions.length - 1; i >= 0; i--) {
    const before = w.size;
    writeExecutionRequest(w, m.executions[i]);
    w.part(10, before);
  }
}

function readExecuteStreamRequest(r, end, m = new ExecuteStreamRequest()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.executions.push(readExecutionRequest(r, r.end(), undefined));
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class ExecuteStreamResponse {
  constructor() {
    this.$typeName = "hearth.v1.ExecuteStreamResponse";
    this.ends = [];
    this.rejections = [];
  }
}

function writeExecuteStreamResponse(w, m) {
  for (let i = m.rejections.length - 1; i >= 0; i--) {
    const before = w.size;
    writeExecutionRejection(w, m.rejections[i]);
    w.part(18, before);
  }
  for (let i = m.ends.length - 1; i >= 0; i--) {
    const before = w.size;
    writeExecutionEnd(w, m.ends[i]);
    w.part(10, before);
  }
}

function readExecuteStreamResponse(r, end, m = new ExecuteStreamResponse()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.ends.push(readExecutionEnd(r, r.end(), undefined));
        break;
      case 18:
        m.rejections.push(readExecutionRejection(r, r.end(), undefined));
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class AttachRequest {
  constructor() {
    this.$typeName = "hearth.v1.AttachRequest";
    this.hello = undefined;
    this.dispatches = [];
    this.cancellations = [];
    this.acknowledgedOutcomes = [];
    this.childEnds = [];
    this.childRejections = [];
    this.unknownAttempts = [];
    this.acknowledgedReceipts = [];
  }
}

function writeAttachRequest(w, m) {
  if (m.acknowledgedReceipts.length > 0) {
    w.uint32List(66, m.acknowledgedReceipts);
  }
  for (let i = m.unknownAttempts.length - 1; i >= 0; i--) {
    const before = w.size;
    writeAttemptKey(w, m.unknownAttempts[i]);
    w.part(58, before);
  }
  for (let i = m.childRejections.length - 1; i >= 0; i--) {
    const before = w.size;
    writeExecutionRejection(w, m.childRejections[i]);
    w.part(50, before);
  }
  for (let i = m.childEnds.length - 1; i >= 0; i--) {
    const before = w.size;
    writeExecutionEnd(w, m.childEnds[i]);
    w.part(42, before);
  }
  for (let i = m.acknowledgedOutcomes.length - 1; i >= 0; i--) {
    const before = w.size;
    writeAttemptKey(w, m.acknowledgedOutcomes[i]);
    w.part(34, before);
  }
  for (let i = m.cancellations.length - 1; i >= 0; i--) {
    const before = w.size;
    writeAttemptKey(w, m.cancellations[i]);
    w.part(26, before);
  }
  for (let i = m.dispatches.length - 1; i >= 0; i--) {
    const before = w.size;
    writeDispatch(w, m.dispatches[i]);
    w.part(18, before);
  }
  if (m.hello !== undefined) {
    const before = w.size;
    writeRouterHello(w, m.hello);
    w.part(10, before);
  }
}

function readAttachRequest(r, end, m = new AttachRequest()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.hello = readRouterHello(r, r.end(), m.hello);
        break;
      case 18:
        m.dispatches.push(readDispatch(r, r.end(), undefined));
        break;
      case 26:
        m.cancellations.push(readAttemptKey(r, r.end(), undefined));
        break;
      case 34:
        m.acknowledgedOutcomes.push(readAttemptKey(r, r.end(), undefined));
        break;
      case 42:
        m.childEnds.push(readExecutionEnd(r, r.end(), undefined));
        break;
      case 50:
        m.childRejections.push(readExecutionRejection(r, r.end(), undefined));
        break;
      case 58:
        m.unknownAttempts.push(readAttemptKey(r, r.end(), undefined));
        break;
      case 66:
        r.uint32List(m.acknowledgedReceipts);
        break;
      case 64:
        m.acknowledgedReceipts.push(r.uint32());
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class AttachResponse {
  constructor() {
    this.$typeName = "hearth.v1.AttachResponse";
    this.hello = undefined;
    this.slots = undefined;
    this.refusals = [];
    this.ends = [];
    this.childCalls = [];
    this.childCancellations = [];
    this.unknownExecutions = [];
  }
}

function writeAttachResponse(w, m) {
  for (let i = m.unknownExecutions.length - 1; i >= 0; i--) {
    const before = w.size;
    writeExecutionRequest(w, m.unknownExecutions[i]);
    w.part(58, before);
  }
  for (let i = m.childCancellations.length - 1; i >= 0; i--) {
    w.string(50, m.childCancellations[i]);
  }
  for (let i = m.childCalls.length - 1; i >= 0; i--) {
    const before = w.size;
    writeExecutionRequest(w, m.childCalls[i]);
    w.part(42, before);
  }
  for (let i = m.ends.length - 1; i >= 0; i--) {
    const before = w.size;
    writeAttemptEnd(w, m.ends[i]);
    w.part(34, before);
  }
  for (let i = m.refusals.length - 1; i >= 0; i--) {
    const before = w.size;
    writeRefusal(w, m.refusals[i]);
    w.part(26, before);
  }
  if (m.slots !== undefined) {
    const before = w.size;
    writeSlots(w, m.slots);
    w.part(18, before);
  }
  if (m.hello !== undefined) {
    const before = w.size;
    writeAgentHello(w, m.hello);
    w.part(10, before);
  }
}

function readAttachResponse(r, end, m = new AttachResponse()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.hello = readAgentHello(r, r.end(), m.hello);
        break;
      case 18:
        m.slots = readSlots(r, r.end(), m.slots);
        break;
      case 26:
        m.refusals.push(readRefusal(r, r.end(), undefined));
        break;
      case 34:
        m.ends.push(readAttemptEnd(r, r.end(), undefined));
        break;
      case 42:
        m.childCalls.push(readExecutionRequest(r, r.end(), undefined));
        break;
      case 50:
        m.childCancellations.push(r.string());
        break;
      case 58:
        m.unknownExecutions.push(readExecutionRequest(r, r.end(), undefined));
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class JournalBatch {
  constructor() {
    this.$typeName = "hearth.v1.JournalBatch";
    this.routerId = "";
    this.records = [];
    this.number = 0;
    this.replayFrom = 0;
    this.address = "";
    this.adoptedRouterIds = [];
  }
}

function writeJournalBatch(w, m) {
  for (let i = m.adoptedRouterIds.length - 1; i >= 0; i--) {
    w.string(50, m.adoptedRouterIds[i]);
  }
  if (m.address !== "") {
    w.string(42, m.address);
  }
  if (!Object.is(m.replayFrom, 0)) {
    w.double(33, m.replayFrom);
  }
  if (!Object.is(m.number, 0)) {
    w.double(25, m.number);
  }
  for (let i = m.records.length - 1; i >= 0; i--) {
    const before = w.size;
    writeJournalRecord(w, m.records[i]);
    w.part(18, before);
  }
  if (m.routerId !== "") {
    w.string(10, m.routerId);
  }
}

function readJournalBatch(r, end, m = new JournalBatch()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.routerId = r.string();
        break;
      case 18:
        m.records.push(readJournalRecord(r, r.end(), undefined));
        break;
      case 25:
        m.number = r.double();
        break;
      case 33:
        m.replayFrom = r.double();
        break;
      case 42:
        m.address = r.string();
        break;
      case 50:
        m.adoptedRouterIds.push(r.string());
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class ExecutionRequest {
  constructor() {
    this.$typeName = "hearth.v1.ExecutionRequest";
    this.executionId = "";
    this.environment = "";
    this.task = "";
    this.arguments = undefined;
    this.idempotencyKey = "";
    this.runId = "";
    this.parentId = "";
    this.traceparent = "";
    this.tracestate = "";
    this.policyOverride = undefined;
    this.affinityKey = "";
    this.priority = undefined;
    this.freshReplica = false;
    this.retryPolicy = undefined;
    this.attemptTimeoutMs = 0;
    this.queueTimeoutMs = 0;
    this.deadlineUnixMs = 0;
    this.askedBefore = false;
    this.unsampled = false;
  }
}

function writeExecutionRequest(w, m) {
  if (m.unsampled) {
    w.bool(152, m.unsampled);
  }
  if (m.askedBefore) {
    w.bool(144, m.askedBefore);
  }
  if (!Object.is(m.deadlineUnixMs, 0)) {
    w.double(137, m.deadlineUnixMs);
  }
  if (!Object.is(m.queueTimeoutMs, 0)) {
    w.double(129, m.queueTimeoutMs);
  }
  if (!Object.is(m.attemptTimeoutMs, 0)) {
    w.double(121, m.attemptTimeoutMs);
  }
  if (m.retryPolicy !== undefined) {
    const before = w.size;
    writeRetryPolicy(w, m.retryPolicy);
    w.part(114, before);
  }
  if (m.freshReplica) {
    w.bool(104, m.freshReplica);
  }
  if (m.priority !== undefined) {
    w.int32(96, m.priority);
  }
  if (m.affinityKey !== "") {
    w.string(90, m.affinityKey);
  }
  if (m.policyOverride !== undefined) {
    const before = w.size;
    writeReusePolicy(w, m.policyOverride);
    w.part(82, before);
  }
  if (m.tracestate !== "") {
    w.string(74, m.tracestate);
  }
  if (m.traceparent !== "") {
    w.string(66, m.traceparent);
  }
  if (m.parentId !== "") {
    w.string(58, m.parentId);
  }
  if (m.runId !== "") {
    w.string(50, m.runId);
  }
  if (m.idempotencyKey !== "") {
    w.string(42, m.idempotencyKey);
  }
  if (m.arguments !== undefined) {
    const before = w.size;
    writePayload(w, m.arguments);
    w.part(34, before);
  }
  if (m.task !== "") {
    w.string(26, m.task);
  }
  if (m.environment !== "") {
    w.string(18, m.environment);
  }
  if (m.executionId !== "") {
    w.string(10, m.executionId);
  }
}

function readExecutionRequest(r, end, m = new ExecutionRequest()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.executionId = r.string();
        break;
      case 18:
        m.environment = r.string();
        break;
      case 26:
        m.task = r.string();
        break;
      case 34:
        m.arguments = readPayload(r, r.end(), m.arguments);
        break;
      case 42:
        m.idempotencyKey = r.string();
        break;
      case 50:
        m.runId = r.string();
        break;
      case 58:
        m.parentId = r.string();
        break;
      case 66:
        m.traceparent = r.string();
        break;
      case 74:
        m.tracestate = r.string();
        break;
      case 82:
        m.policyOverride = readReusePolicy(r, r.end(), m.policyOverride);
        break;
      case 90:
        m.affinityKey = r.string();
        break;
      case 96:
        m.priority = r.int32();
        break;
      case 104:
        m.freshReplica = r.bool();
        break;
      case 114:
        m.retryPolicy = readRetryPolicy(r, r.end(), m.retryPolicy);
        break;
      case 121:
        m.attemptTimeoutMs = r.double();
        break;
      case 129:
        m.queueTimeoutMs = r.double();
        break;
      case 137:
        m.deadlineUnixMs = r.double();
        break;
      case 144:
        m.askedBefore = r.bool();
        break;
      case 152:
        m.unsampled = r.bool();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class ExecutionEnd {
  constructor() {
    this.$typeName = "hearth.v1.ExecutionEnd";
    this.executionId = "";
    this.outcome = 0;
    this.result = undefined;
    this.failure = undefined;
  }
}

function writeExecutionEnd(w, m) {
  if (m.failure !== undefined) {
    const before = w.size;
    writeFailure(w, m.failure);
    w.part(34, before);
  }
  if (m.result !== undefined) {
    const before = w.size;
    writePayload(w, m.result);
    w.part(26, before);
  }
  if (m.outcome !== 0) {
    w.int32(16, m.outcome);
  }
  if (m.executionId !== "") {
    w.string(10, m.executionId);
  }
}

function readExecutionEnd(r, end, m = new ExecutionEnd()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.executionId = r.string();
        break;
      case 16:
        m.outcome = r.int32();
        break;
      case 26:
        m.result = readPayload(r, r.end(), m.result);
        break;
      case 34:
        m.failure = readFailure(r, r.end(), m.failure);
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class ExecutionRejection {
  constructor() {
    this.$typeName = "hearth.v1.ExecutionRejection";
    this.executionId = "";
    this.failure = undefined;
    this.retryAfterMs = 0;
  }
}

function writeExecutionRejection(w, m) {
  if (m.retryAfterMs !== 0) {
    w.uint32(24, m.retryAfterMs);
  }
  if (m.failure !== undefined) {
    const before = w.size;
    writeFailure(w, m.failure);
    w.part(18, before);
  }
  if (m.executionId !== "") {
    w.string(10, m.executionId);
  }
}

function readExecutionRejection(r, end, m = new ExecutionRejection()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.executionId = r.string();
        break;
      case 18:
        m.failure = readFailure(r, r.end(), m.failure);
        break;
      case 24:
        m.retryAfterMs = r.uint32();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class RouterHello {
  constructor() {
    this.$typeName = "hearth.v1.RouterHello";
    this.routerId = "";
    this.adoptedRouterIds = [];
  }
}

function writeRouterHello(w, m) {
  for (let i = m.adoptedRouterIds.length - 1; i >= 0; i--) {
    w.string(18, m.adoptedRouterIds[i]);
  }
  if (m.routerId !== "") {
    w.string(10, m.routerId);
  }
}

function readRouterHello(r, end, m = new RouterHello()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.routerId = r.string();
        break;
      case 18:
        m.adoptedRouterIds.push(r.string());
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Dispatch {
  constructor() {
    this.$typeName = "hearth.v1.Dispatch";
    this.executionId = "";
    this.attempt = 0;
    this.task = "";
    this.arguments = undefined;
    this.runId = "";
    this.traceparent = "";
    this.tracestate = "";
    this.deadlineUnixMs = 0;
    this.unsampled = false;
    this.request = undefined;
  }
}

function writeDispatch(w, m) {
  if (m.request !== undefined) {
    const before = w.size;
    writeExecutionRequest(w, m.request);
    w.part(82, before);
  }
  if (m.unsampled) {
    w.bool(72, m.unsampled);
  }
  if (!Object.is(m.deadlineUnixMs, 0)) {
    w.double(65, m.deadlineUnixMs);
  }
  if (m.tracestate !== "") {
    w.string(58, m.tracestate);
  }
  if (m.traceparent !== "") {
    w.string(50, m.traceparent);
  }
  if (m.runId !== "") {
    w.string(42, m.runId);
  }
  if (m.arguments !== undefined) {
    const before = w.size;
    writePayload(w, m.arguments);
    w.part(34, before);
  }
  if (m.task !== "") {
    w.string(26, m.task);
  }
  if (m.attempt !== 0) {
    w.uint32(16, m.attempt);
  }
  if (m.executionId !== "") {
    w.string(10, m.executionId);
  }
}

function readDispatch(r, end, m = new Dispatch()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.executionId = r.string();
        break;
      case 16:
        m.attempt = r.uint32();
        break;
      case 26:
        m.task = r.string();
        break;
      case 34:
        m.arguments = readPayload(r, r.end(), m.arguments);
        break;
      case 42:
        m.runId = r.string();
        break;
      case 50:
        m.traceparent = r.string();
        break;
      case 58:
        m.tracestate = r.string();
        break;
      case 65:
        m.deadlineUnixMs = r.double();
        break;
      case 72:
        m.unsampled = r.bool();
        break;
      case 82:
        m.request = readExecutionRequest(r, r.end(), m.request);
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class AttemptKey {
  constructor() {
    this.$typeName = "hearth.v1.AttemptKey";
    this.executionId = "";
    this.attempt = 0;
  }
}

function writeAttemptKey(w, m) {
  if (m.attempt !== 0) {
    w.uint32(16, m.attempt);
  }
  if (m.executionId !== "") {
    w.string(10, m.executionId);
  }
}

function readAttemptKey(r, end, m = new AttemptKey()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.executionId = r.string();
        break;
      case 16:
        m.attempt = r.uint32();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class AgentHello {
  constructor() {
    this.$typeName = "hearth.v1.AgentHello";
    this.replicaId = "";
    this.pool = "";
    this.version = "";
    this.liveAttempts = [];
    this.adoptedAttempts = [];
  }
}

function writeAgentHello(w, m) {
  for (let i = m.adoptedAttempts.length - 1; i >= 0; i--) {
    const before = w.size;
    writeAttemptKey(w, m.adoptedAttempts[i]);
    w.part(42, before);
  }
  for (let i = m.liveAttempts.length - 1; i >= 0; i--) {
    const before = w.size;
    writeAttemptKey(w, m.liveAttempts[i]);
    w.part(34, before);
  }
  if (m.version !== "") {
    w.string(26, m.version);
  }
  if (m.pool !== "") {
    w.string(18, m.pool);
  }
  if (m.replicaId !== "") {
    w.string(10, m.replicaId);
  }
}

function readAgentHello(r, end, m = new AgentHello()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.replicaId = r.string();
        break;
      case 18:
        m.pool = r.string();
        break;
      case 26:
        m.version = r.string();
        break;
      case 34:
        m.liveAttempts.push(readAttemptKey(r, r.end(), undefined));
        break;
      case 42:
        m.adoptedAttempts.push(readAttemptKey(r, r.end(), undefined));
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Slots {
  constructor() {
    this.$typeName = "hearth.v1.Slots";
    this.sequence = 0;
    this.total = 0;
    this.free = 0;
    this.dispatchesSeen = 0;
  }
}

function writeSlots(w, m) {
  if (!Object.is(m.dispatchesSeen, 0)) {
    w.double(33, m.dispatchesSeen);
  }
  if (m.free !== 0) {
    w.uint32(24, m.free);
  }
  if (m.total !== 0) {
    w.uint32(16, m.total);
  }
  if (!Object.is(m.sequence, 0)) {
    w.double(9, m.sequence);
  }
}

function readSlots(r, end, m = new Slots()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 9:
        m.sequence = r.double();
        break;
      case 16:
        m.total = r.uint32();
        break;
      case 24:
        m.free = r.uint32();
        break;
      case 33:
        m.dispatchesSeen = r.double();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Refusal {
  constructor() {
    this.$typeName = "hearth.v1.Refusal";
    this.executionId = "";
    this.attempt = 0;
    this.reason = "";
  }
}

function writeRefusal(w, m) {
  if (m.reason !== "") {
    w.string(26, m.reason);
  }
  if (m.attempt !== 0) {
    w.uint32(16, m.attempt);
  }
  if (m.executionId !== "") {
    w.string(10, m.executionId);
  }
}

function readRefusal(r, end, m = new Refusal()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.executionId = r.string();
        break;
      case 16:
        m.attempt = r.uint32();
        break;
      case 26:
        m.reason = r.string();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class AttemptEnd {
  constructor() {
    this.$typeName = "hearth.v1.AttemptEnd";
    this.executionId = "";
    this.attempt = 0;
    this.outcome = 0;
    this.result = undefined;
    this.failure = undefined;
    this.startedUnixMs = 0;
    this.endedUnixMs = 0;
    this.runnerPid = 0;
    this.neighbours = 0;
    this.receipt = 0;
  }
}

function writeAttemptEnd(w, m) {
  if (m.receipt !== 0) {
    w.uint32(80, m.receipt);
  }
  if (m.neighbours !== 0) {
    w.uint32(72, m.neighbours);
  }
  if (m.runnerPid !== 0) {
    w.uint32(64, m.runnerPid);
  }
  if (!Object.is(m.endedUnixMs, 0)) {
    w.double(57, m.endedUnixMs);
  }
  if (!Object.is(m.startedUnixMs, 0)) {
    w.double(49, m.startedUnixMs);
  }
  if (m.failure !== undefined) {
    const before = w.size;
    writeFailure(w, m.failure);
    w.part(42, before);
  }
  if (m.result !== undefined) {
    const before = w.size;
    writePayload(w, m.result);
    w.part(34, before);
  }
  if (m.outcome !== 0) {
    w.int32(24, m.outcome);
  }
  if (m.attempt !== 0) {
    w.uint32(16, m.attempt);
  }
  if (m.executionId !== "") {
    w.string(10, m.executionId);
  }
}

function readAttemptEnd(r, end, m = new AttemptEnd()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.executionId = r.string();
        break;
      case 16:
        m.attempt = r.uint32();
        break;
      case 24:
        m.outcome = r.int32();
        break;
      case 34:
        m.result = readPayload(r, r.end(), m.result);
        break;
      case 42:
        m.failure = readFailure(r, r.end(), m.failure);
        break;
      case 49:
        m.startedUnixMs = r.double();
        break;
      case 57:
        m.endedUnixMs = r.double();
        break;
      case 64:
        m.runnerPid = r.uint32();
        break;
      case 72:
        m.neighbours = r.uint32();
        break;
      case 80:
        m.receipt = r.uint32();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class JournalRecord {
  constructor() {
    this.$typeName = "hearth.v1.JournalRecord";
    this.unixMs = 0;
    this.event = { case: undefined };
  }
}

function writeJournalRecord(w, m) {
  if (m.event.case === "carried") {
    const before = w.size;
    writeCarried(w, m.event.value);
    w.part(66, before);
  }
  if (m.event.case === "sealed") {
    const before = w.size;
    writeSealed(w, m.event.value);
    w.part(58, before);
  }
  if (m.event.case === "opened") {
    const before = w.size;
    writeOpened(w, m.event.value);
    w.part(50, before);
  }
  if (m.event.case === "ended") {
    const before = w.size;
    writeEnded(w, m.event.value);
    w.part(42, before);
  }
  if (m.event.case === "attemptEnded") {
    const before = w.size;
    writeAttemptEnd(w, m.event.value);
    w.part(34, before);
  }
  if (m.event.case === "dispatched") {
    const before = w.size;
    writeDispatched(w, m.event.value);
    w.part(26, before);
  }
  if (m.event.case === "accepted") {
    const before = w.size;
    writeAccepted(w, m.event.value);
    w.part(18, before);
  }
  if (!Object.is(m.unixMs, 0)) {
    w.double(9, m.unixMs);
  }
}

function readJournalRecord(r, end, m = new JournalRecord()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 9:
        m.unixMs = r.double();
        break;
      case 18:
        m.event = { case: "accepted", value: readAccepted(r, r.end(), m.event.case === "accepted" ? m.event.value : undefined) };
        break;
      case 26:
        m.event = { case: "dispatched", value: readDispatched(r, r.end(), m.event.case === "dispatched" ? m.event.value : undefined) };
        break;
      case 34:
        m.event = { case: "attemptEnded", value: readAttemptEnd(r, r.end(), m.event.case === "attemptEnded" ? m.event.value : undefined) };
        break;
      case 42:
        m.event = { case: "ended", value: readEnded(r, r.end(), m.event.case === "ended" ? m.event.value : undefined) };
        break;
      case 50:
        m.event = { case: "opened", value: readOpened(r, r.end(), m.event.case === "opened" ? m.event.value : undefined) };
        break;
      case 58:
        m.event = { case: "sealed", value: readSealed(r, r.end(), m.event.case === "sealed" ? m.event.value : undefined) };
        break;
      case 66:
        m.event = { case: "carried", value: readCarried(r, r.end(), m.event.case === "carried" ? m.event.value : undefined) };
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Payload {
  constructor() {
    this.$typeName = "hearth.v1.Payload";
    this.inline = noBytes;
    this.stored = undefined;
  }
}

function writePayload(w, m) {
  if (m.stored !== undefined) {
    const before = w.size;
    writeStoredPayload(w, m.stored);
    w.part(18, before);
  }
  if (m.inline.length > 0) {
    w.bytes(10, m.inline);
  }
}

function readPayload(r, end, m = new Payload()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.inline = r.bytes();
        break;
      case 18:
        m.stored = readStoredPayload(r, r.end(), m.stored);
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class ReusePolicy {
  constructor() {
    this.$typeName = "hearth.v1.ReusePolicy";
    this.minReplicas = undefined;
    this.maxReplicas = undefined;
    this.concurrency = undefined;
    this.idleTtl = undefined;
    this.scaledownTtl = undefined;
    this.scope = 0;
    this.bufferReplicas = 0;
    this.recycling = undefined;
    this.singleUse = false;
    this.isolateOutOfMemory = false;
  }
}

function writeReusePolicy(w, m) {
  if (m.isolateOutOfMemory) {
    w.bool(80, m.isolateOutOfMemory);
  }
  if (m.singleUse) {
    w.bool(72, m.singleUse);
  }
  if (m.recycling !== undefined) {
    const before = w.size;
    writeRecycling(w, m.recycling);
    w.part(66, before);
  }
  if (m.bufferReplicas !== 0) {
    w.uint32(56, m.bufferReplicas);
  }
  if (m.scope !== 0) {
    w.int32(48, m.scope);
  }
  if (m.scaledownTtl !== undefined) {
    w.bytes(42, toBinary(DurationSchema, m.scaledownTtl));
  }
  if (m.idleTtl !== undefined) {
    w.bytes(34, toBinary(DurationSchema, m.idleTtl));
  }
  if (m.concurrency !== undefined) {
    w.uint32(24, m.concurrency);
  }
  if (m.maxReplicas !== undefined) {
    w.uint32(16, m.maxReplicas);
  }
  if (m.minReplicas !== undefined) {
    w.uint32(8, m.minReplicas);
  }
}

function readReusePolicy(r, end, m = new ReusePolicy()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 8:
        m.minReplicas = r.uint32();
        break;
      case 16:
        m.maxReplicas = r.uint32();
        break;
      case 24:
        m.concurrency = r.uint32();
        break;
      case 34:
        m.idleTtl = fromBinary(DurationSchema, r.bytes());
        break;
      case 42:
        m.scaledownTtl = fromBinary(DurationSchema, r.bytes());
        break;
      case 48:
        m.scope = r.int32();
        break;
      case 56:
        m.bufferReplicas = r.uint32();
        break;
      case 66:
        m.recycling = readRecycling(r, r.end(), m.recycling);
        break;
      case 72:
        m.singleUse = r.bool();
        break;
      case 80:
        m.isolateOutOfMemory = r.bool();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class RetryPolicy {
  constructor() {
    this.$typeName = "hearth.v1.RetryPolicy";
    this.retries = 0;
    this.initialBackoffMs = 0;
    this.backoffFactor = 0;
    this.maxBackoffMs = 0;
    this.retryOn = [];
  }
}

function writeRetryPolicy(w, m) {
  for (let i = m.retryOn.length - 1; i >= 0; i--) {
    w.string(42, m.retryOn[i]);
  }
  if (!Object.is(m.maxBackoffMs, 0)) {
    w.double(33, m.maxBackoffMs);
  }
  if (!Object.is(m.backoffFactor, 0)) {
    w.double(25, m.backoffFactor);
  }
  if (!Object.is(m.initialBackoffMs, 0)) {
    w.double(17, m.initialBackoffMs);
  }
  if (m.retries !== 0) {
    w.uint32(8, m.retries);
  }
}

function readRetryPolicy(r, end, m = new RetryPolicy()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 8:
        m.retries = r.uint32();
        break;
      case 17:
        m.initialBackoffMs = r.double();
        break;
      case 25:
        m.backoffFactor = r.double();
        break;
      case 33:
        m.maxBackoffMs = r.double();
        break;
      case 42:
        m.retryOn.push(r.string());
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Failure {
  constructor() {
    this.$typeName = "hearth.v1.Failure";
    this.reason = "";
    this.message = "";
    this.exceptionType = "";
    this.traceback = "";
  }
}

function writeFailure(w, m) {
  if (m.traceback !== "") {
    w.string(34, m.traceback);
  }
  if (m.exceptionType !== "") {
    w.string(26, m.exceptionType);
  }
  if (m.message !== "") {
    w.string(18, m.message);
  }
  if (m.reason !== "") {
    w.string(10, m.reason);
  }
}

function readFailure(r, end, m = new Failure()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.reason = r.string();
        break;
      case 18:
        m.message = r.string();
        break;
      case 26:
        m.exceptionType = r.string();
        break;
      case 34:
        m.traceback = r.string();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Accepted {
  constructor() {
    this.$typeName = "hearth.v1.Accepted";
    this.execution = undefined;
    this.pool = "";
    this.dispatched = undefined;
  }
}

function writeAccepted(w, m) {
  if (m.dispatched !== undefined) {
    const before = w.size;
    writeDispatched(w, m.dispatched);
    w.part(26, before);
  }
  if (m.pool !== "") {
    w.string(18, m.pool);
  }
  if (m.execution !== undefined) {
    const before = w.size;
    writeExecutionRequest(w, m.execution);
    w.part(10, before);
  }
}

function readAccepted(r, end, m = new Accepted()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.execution = readExecutionRequest(r, r.end(), m.execution);
        break;
      case 18:
        m.pool = r.string();
        break;
      case 26:
        m.dispatched = readDispatched(r, r.end(), m.dispatched);
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Dispatched {
  constructor() {
    this.$typeName = "hearth.v1.Dispatched";
    this.executionId = "";
    this.attempt = 0;
    this.replicaId = "";
    this.version = "";
    this.cold = false;
    this.waitReason = "";
    this.waitedMs = 0;
  }
}

function writeDispatched(w, m) {
  if (!Object.is(m.waitedMs, 0)) {
    w.double(57, m.waitedMs);
  }
  if (m.waitReason !== "") {
    w.string(50, m.waitReason);
  }
  if (m.cold) {
    w.bool(40, m.cold);
  }
  if (m.version !== "") {
    w.string(34, m.version);
  }
  if (m.replicaId !== "") {
    w.string(26, m.replicaId);
  }
  if (m.attempt !== 0) {
    w.uint32(16, m.attempt);
  }
  if (m.executionId !== "") {
    w.string(10, m.executionId);
  }
}

function readDispatched(r, end, m = new Dispatched()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.executionId = r.string();
        break;
      case 16:
        m.attempt = r.uint32();
        break;
      case 26:
        m.replicaId = r.string();
        break;
      case 34:
        m.version = r.string();
        break;
      case 40:
        m.cold = r.bool();
        break;
      case 50:
        m.waitReason = r.string();
        break;
      case 57:
        m.waitedMs = r.double();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Ended {
  constructor() {
    this.$typeName = "hearth.v1.Ended";
    this.end = undefined;
    this.attempt = undefined;
  }
}

function writeEnded(w, m) {
  if (m.attempt !== undefined) {
    const before = w.size;
    writeAttemptEnd(w, m.attempt);
    w.part(18, before);
  }
  if (m.end !== undefined) {
    const before = w.size;
    writeExecutionEnd(w, m.end);
    w.part(10, before);
  }
}

function readEnded(r, end, m = new Ended()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.end = readExecutionEnd(r, r.end(), m.end);
        break;
      case 18:
        m.attempt = readAttemptEnd(r, r.end(), m.attempt);
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Opened {
  constructor() {
    this.$typeName = "hearth.v1.Opened";
  }
}

function writeOpened(w, m) {
}

function readOpened(r, end, m = new Opened()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Sealed {
  constructor() {
    this.$typeName = "hearth.v1.Sealed";
    this.successorId = "";
  }
}

function writeSealed(w, m) {
  if (m.successorId !== "") {
    w.string(10, m.successorId);
  }
}

function readSealed(r, end, m = new Sealed()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.successorId = r.string();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Carried {
  constructor() {
    this.$typeName = "hearth.v1.Carried";
    this.execution = undefined;
    this.pool = "";
    this.acceptedUnixMs = 0;
    this.attempts = [];
    this.ended = undefined;
    this.endedUnixMs = 0;
    this.fromRouterId = "";
  }
}

function writeCarried(w, m) {
  if (m.fromRouterId !== "") {
    w.string(58, m.fromRouterId);
  }
  if (!Object.is(m.endedUnixMs, 0)) {
    w.double(49, m.endedUnixMs);
  }
  if (m.ended !== undefined) {
    const before = w.size;
    writeEnded(w, m.ended);
    w.part(42, before);
  }
  for (let i = m.attempts.length - 1; i >= 0; i--) {
    const before = w.size;
    writeAttempt(w, m.attempts[i]);
    w.part(34, before);
  }
  if (!Object.is(m.acceptedUnixMs, 0)) {
    w.double(25, m.acceptedUnixMs);
  }
  if (m.pool !== "") {
    w.string(18, m.pool);
  }
  if (m.execution !== undefined) {
    const before = w.size;
    writeExecutionRequest(w, m.execution);
    w.part(10, before);
  }
}

function readCarried(r, end, m = new Carried()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.execution = readExecutionRequest(r, r.end(), m.execution);
        break;
      case 18:
        m.pool = r.string();
        break;
      case 25:
        m.acceptedUnixMs = r.double();
        break;
      case 34:
        m.attempts.push(readAttempt(r, r.end(), undefined));
        break;
      case 42:
        m.ended = readEnded(r, r.end(), m.ended);
        break;
      case 49:
        m.endedUnixMs = r.double();
        break;
      case 58:
        m.fromRouterId = r.string();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class StoredPayload {
  constructor() {
    this.$typeName = "hearth.v1.StoredPayload";
    this.sha256 = "";
    this.sizeBytes = 0;
  }
}

function writeStoredPayload(w, m) {
  if (m.sizeBytes !== 0) {
    w.uint32(16, m.sizeBytes);
  }
  if (m.sha256 !== "") {
    w.string(10, m.sha256);
  }
}

function readStoredPayload(r, end, m = new StoredPayload()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 10:
        m.sha256 = r.string();
        break;
      case 16:
        m.sizeBytes = r.uint32();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Recycling {
  constructor() {
    this.$typeName = "hearth.v1.Recycling";
    this.afterExecutions = 0;
    this.aboveMemory = "";
    this.afterAge = undefined;
  }
}

function writeRecycling(w, m) {
  if (m.afterAge !== undefined) {
    w.bytes(26, toBinary(DurationSchema, m.afterAge));
  }
  if (m.aboveMemory !== "") {
    w.string(18, m.aboveMemory);
  }
  if (m.afterExecutions !== 0) {
    w.uint32(8, m.afterExecutions);
  }
}

function readRecycling(r, end, m = new Recycling()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 8:
        m.afterExecutions = r.uint32();
        break;
      case 18:
        m.aboveMemory = r.string();
        break;
      case 26:
        m.afterAge = fromBinary(DurationSchema, r.bytes());
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

class Attempt {
  constructor() {
    this.$typeName = "hearth.v1.Attempt";
    this.number = 0;
    this.replicaId = "";
    this.version = "";
    this.runnerPid = 0;
    this.cold = false;
    this.waitReason = "";
    this.dispatchedUnixMs = 0;
    this.startedUnixMs = 0;
    this.endedUnixMs = 0;
    this.outcome = 0;
    this.failure = undefined;
    this.waitedMs = 0;
  }
}

function writeAttempt(w, m) {
  if (!Object.is(m.waitedMs, 0)) {
    w.double(97, m.waitedMs);
  }
  if (m.failure !== undefined) {
    const before = w.size;
    writeFailure(w, m.failure);
    w.part(90, before);
  }
  if (m.outcome !== 0) {
    w.int32(80, m.outcome);
  }
  if (!Object.is(m.endedUnixMs, 0)) {
    w.double(73, m.endedUnixMs);
  }
  if (!Object.is(m.startedUnixMs, 0)) {
    w.double(65, m.startedUnixMs);
  }
  if (!Object.is(m.dispatchedUnixMs, 0)) {
    w.double(57, m.dispatchedUnixMs);
  }
  if (m.waitReason !== "") {
    w.string(50, m.waitReason);
  }
  if (m.cold) {
    w.bool(40, m.cold);
  }
  if (m.runnerPid !== 0) {
    w.uint32(32, m.runnerPid);
  }
  if (m.version !== "") {
    w.string(26, m.version);
  }
  if (m.replicaId !== "") {
    w.string(18, m.replicaId);
  }
  if (m.number !== 0) {
    w.uint32(8, m.number);
  }
}

function readAttempt(r, end, m = new Attempt()) {
  while (r.at < end) {
    const tag = r.uint32();
    switch (tag) {
      case 8:
        m.number = r.uint32();
        break;
      case 18:
        m.replicaId = r.string();
        break;
      case 26:
        m.version = r.string();
        break;
      case 32:
        m.runnerPid = r.uint32();
        break;
      case 40:
        m.cold = r.bool();
        break;
      case 50:
        m.waitReason = r.string();
        break;
      case 57:
        m.dispatchedUnixMs = r.double();
        break;
      case 65:
        m.startedUnixMs = r.double();
        break;
      case 73:
        m.endedUnixMs = r.double();
        break;
      case 80:
        m.outcome = r.int32();
        break;
      case 90:
        m.failure = readFailure(r, r.end(), m.failure);
        break;
      case 97:
        m.waitedMs = r.double();
        break;
      default:
        r.skip(tag);
    }
  }
  r.insistOn(end);
  return m;
}

export const codecs = new Map([
  ["hearth.v1.ExecuteStreamRequest", { write: writeExecuteStreamRequest, read: readExecuteStreamRequest }],
  ["hearth.v1.ExecuteStreamResponse", { write: writeExecuteStreamResponse, read: readExecuteStreamResponse }],
  ["hearth.v1.AttachRequest", { write: writeAttachRequest, read: readAttachRequest }],
  ["hearth.v1.AttachResponse", { write: writeAttachResponse, read: readAttachResponse }],
  ["hearth.v1.JournalBatch", { write: writeJournalBatch, read: readJournalBatch }],
  ["hearth.v1.ExecutionRequest", { write: writeExecutionRequest, read: readExecutionRequest }],
  ["hearth.v1.ExecutionEnd", { write: writeExecutionEnd, read: readExecutionEnd }],
  ["hearth.v1.ExecutionRejection", { write: writeExecutionRejection, read: readExecutionRejection }],
  ["hearth.v1.RouterHello", { write: writeRouterHello, read: readRouterHello }],
  ["hearth.v1.Dispatch", { write: writeDispatch, read: readDispatch }],
  ["hearth.v1.AttemptKey", { write: writeAttemptKey, read: readAttemptKey }],
  ["hearth.v1.AgentHello", { write: writeAgentHello, read: readAgentHello }],
  ["hearth.v1.Slots", { write: writeSlots, read: readSlots }],
  ["hearth.v1.Refusal", { write: writeRefusal, read: readRefusal }],
  ["hearth.v1.AttemptEnd", { write: writeAttemptEnd, read: readAttemptEnd }],
  ["hearth.v1.JournalRecord", { write: writeJournalRecord, read: readJournalRecord }],
  ["hearth.v1.Payload", { write: writePayload, read: readPayload }],
  ["hearth.v1.ReusePolicy", { write: writeReusePolicy, read: readReusePolicy }],
  ["hearth.v1.RetryPolicy", { write: writeRetryPolicy, read: readRetryPolicy }],
  ["hearth.v1.Failure", { write: writeFailure, read: readFailure }],
  ["hearth.v1.Accepted", { write: writeAccepted, read: readAccepted }],
  ["hearth.v1.Dispatched", { write: writeDispatched, read: readDispatched }],
  ["hearth.v1.Ended", { write: writeEnded, read: readEnded }],
  ["hearth.v1.Opened", { write: writeOpened, read: readOpened }],
  ["hearth.v1.Sealed", { write: writeSealed, read: readSealed }],
  ["hearth.v1.Carried", { write: writeCarried, read: readCarried }],
  ["hearth.v1.StoredPayload", { write: writeStoredPayload, read: readStoredPayload }],
  ["hearth.v1.Recycling", { write: writeRecycling, read: readRecycling }],
  ["hearth.v1.Attempt", { write: writeAttempt, read: readAttempt }],
]);
