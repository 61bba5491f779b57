package org.kiobd.nbd;

import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoLoop;

/**
 * What every connection is given: its loop, the memory, the limits.
 *
 * @param name of the connection, for the log: number and peer
 * @param peer its address, or "unix"
 */
public record ConnectionContext(String name, String peer, IoLoop loop, PagePool pool, NbdLimits limits) {}
