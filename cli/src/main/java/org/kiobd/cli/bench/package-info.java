/**
 * What loads an NBD server and measures its answers: {@link org.kiobd.cli.bench.LoadRun}. Any server, kiobd or another: the same client
 * for all of them.
 *
 * <p>Threads: each connection lives on its loop; the command waits and shows how it goes. Not here: starting servers, comparing them.
 */
@NullMarked
package org.kiobd.cli.bench;

import org.jspecify.annotations.NullMarked;
