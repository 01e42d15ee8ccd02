/**
 * `everbot/testing`: test a bot, or a retry schedule, without a network and without waiting.
 *
 * Fakes stand in for every port: {@link FakePlatform} for platforms, {@link FakeTransport} for sockets, {@link FakeStore}
 * for stores (with a disk that can crash). {@link layer} assembles them into an app.
 */
export * as FakeStore from "../stores/Memory.ts"
export * as FakeSnapshotStore from "../stores/SnapshotMemory.ts"
export * as Delays from "./Delays.ts"
export * as Events from "./Events.ts"
export * as FakePlatform from "./FakePlatform.ts"
export * as FakeTransport from "./FakeTransport.ts"
export * from "./Properties.ts"
export { layer, start } from "./TestApp.ts"
