/**
 * Puts load on an NBD server and measures its replies: {@link org.kiobd.cli.bench.LoadRun}. The same client serves for all servers, kiobd
 * or another.
 *
 * <p>Threads: each connection is confined to its loop; the command's thread waits and shows the progress. Not here: starting and comparing
 * servers.
 */
@NullMarked
package org.kiobd.cli.bench;

import org.jspecify.annotations.NullMarked;
