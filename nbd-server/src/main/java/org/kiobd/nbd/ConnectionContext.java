package org.kiobd.nbd;

import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoLoop;

/**
 * Environment of one connection: its loop, the memory pool and the limits.
 *
 * @param name name of the connection in the log: number and peer
 * @param peer address of the client, or "unix"
 */
public record ConnectionContext(String name, String peer, IoLoop loop, PagePool pool, NbdLimits limits) {}
