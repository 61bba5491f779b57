/**
 * An NBD client: the same protocol from the other side. Main types: {@link org.kiobd.nbd.client.NbdConnector}, which dials and
 * negotiates, and {@link org.kiobd.nbd.client.NbdClient}, the connection that comes of it; {@link
 * org.kiobd.nbd.client.NbdClientPool} spreads over several.
 *
 * <p>Threads: a connection lives on one event loop, which decodes, completes futures and runs what hangs on them; public methods may be
 * called from any thread and hop there. Not here: caching, retries, reconnecting, splitting what is too long. Those are the caller's.
 */
@NullMarked
package org.kiobd.nbd.client;

import org.jspecify.annotations.NullMarked;
