/**
 * Holds the one class that Netty's io_uring transport lacks: a listening TCP socket of a chosen address family. The class is in Netty's
 * package because the Netty classes it builds on are not public; if a Netty release changes those classes, this package does not compile.
 * Main type: {@link io.netty.channel.uring.Ipv4IoUringServerSocketChannel}. Threads: like every channel, its event loop. Not here: anything
 * else.
 */
@NullMarked
package io.netty.channel.uring;

import org.jspecify.annotations.NullMarked;
