/**
 * The private socket beside a served volume: {@link org.kiobd.cli.control.ControlServer} answers for its server,
 * {@link org.kiobd.cli.control.ControlClient} asks for a command. One JSON object a line, one question a connection.
 *
 * <p>Threads: one of its own on the server's side. Not here: what the answers are.
 */
@NullMarked
package org.kiobd.cli.control;

import org.jspecify.annotations.NullMarked;
