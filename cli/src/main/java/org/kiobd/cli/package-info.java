/**
 * The command line: parses arguments, wires the rooms together, maps outcomes to exit codes.
 *
 * <p>Nothing here moves data; main type: {@link org.kiobd.cli.Main}, runs on the main thread.
 */
@NullMarked
package org.kiobd.cli;

import org.jspecify.annotations.NullMarked;
