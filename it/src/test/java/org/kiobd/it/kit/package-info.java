/**
 * What the tests of this room share: running {@code kiobd} and its servers, other programs of the host, and how much a run repeats.
 *
 * <p>{@link org.kiobd.it.kit.KiobdCli} runs a command, {@link org.kiobd.it.kit.KiobdServer} a server; {@link
 * org.kiobd.it.kit.ServedVolume} is a volume with its server, {@link org.kiobd.it.kit.InProcessServer} a server with rigged members. The
 * raw NBD client is {@link org.kiobd.nbd.testkit.RawNbdClient}, in the test kit of {@code nbd-server}. Threads: each type says its own.
 * Not here: servers and clients of other people, and the guest.
 */
@NullMarked
package org.kiobd.it.kit;

import org.jspecify.annotations.NullMarked;
