/**
 * An NBD client. Main types: {@link org.kiobd.nbd.client.NbdConnector}, which connects and negotiates, and {@link
 * org.kiobd.nbd.client.NbdClient}, the resulting connection; {@link org.kiobd.nbd.client.NbdClientPool} spreads requests over several
 * connections.
 *
 * <p>Threads: a connection is confined to one event loop, which decodes replies, completes futures and runs their callbacks; public methods
 * may be called from any thread and switch to that loop. Not here: caching, retries, reconnecting, splitting of long requests. The caller
 * must provide these.
 */
@NullMarked
package org.kiobd.nbd.client;

import org.jspecify.annotations.NullMarked;
