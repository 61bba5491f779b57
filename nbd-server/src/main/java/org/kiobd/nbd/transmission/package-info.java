/**
 * The transmission phase. The way of a request: {@link org.kiobd.nbd.transmission.TransmissionHandler} gets what the socket received,
 * {@link org.kiobd.nbd.transmission.RequestIntake} decodes ({@link org.kiobd.nbd.transmission.RequestDecoder}), validates ({@link
 * org.kiobd.nbd.transmission.RequestValidator}) and admits requests, {@link org.kiobd.nbd.transmission.RequestExecutor} queues them. On the
 * way back, {@link org.kiobd.nbd.transmission.ReplyDispatcher} ends each request, and {@link org.kiobd.nbd.transmission.ReplyWriter} sends
 * the replies of an iteration together. All of them share one {@link org.kiobd.nbd.transmission.Transmission}: the state of the connection,
 * its {@link org.kiobd.nbd.transmission.ConnectionBudget} and its {@link org.kiobd.nbd.transmission.ConnectionMemory}.
 *
 * <p>Every request passes {@code RequestExecutor.request} when it is received, {@code ReplyDispatcher.completed} when the device is done,
 * and {@code ReplyDispatcher.recordLatencies} when its reply is sent.
 *
 * <p>Threads: everything is confined to the connection's loop unless documented otherwise. Not here: merging and I/O (module {@code
 * volume}).
 */
@NullMarked
package org.kiobd.nbd.transmission;

import org.jspecify.annotations.NullMarked;
