/**
 * The one class that Netty's io_uring transport lacks: a listening TCP socket of a chosen address family. It stands in Netty's package
 * because what it is made of is not public; a release of Netty that changes those parts does not compile here. Main type: {@link
 * io.netty.channel.uring.Ipv4IoUringServerSocketChannel}. Threads: as every channel, its event loop. Not here: anything else.
 */
@NullMarked
package io.netty.channel.uring;

import org.jspecify.annotations.NullMarked;
