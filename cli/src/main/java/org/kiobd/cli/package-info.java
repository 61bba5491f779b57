/**
 * The command line: parses arguments, wires the rooms together, maps outcomes to exit codes.
 *
 * <p>This room moves no data. Its main type is {@link org.kiobd.cli.Main}, which runs on the main thread.
 */
@NullMarked
package org.kiobd.cli;

import org.jspecify.annotations.NullMarked;
