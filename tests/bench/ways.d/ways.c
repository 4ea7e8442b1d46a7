/* Ways to move the same bytes between a file and a connection, without any protocol: which calls cost a server least.
 * usage: ways read|write|small WAY FILE LENGTH REQUESTS DEPTH      (LENGTH: of FILE, in bytes, whole megabytes)
 *
 *   read    1 MiB a request to the client:  sendfile | splice | copy | copy-huge | copy-small-buffer
 *   write   1 MiB a request from the client:  copy | splice
 *   small   4 KiB a request to the client, here and there in the file:  epoll | blocking | uring | uring-read
 *
 * The client keeps DEPTH requests under way, on CPU 1; the server, on CPU 0, prints what each request cost it:
 * microseconds of CPU time, and microseconds that passed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, KIB4 = 4096, REQUEST = 120, HEAD = 80, MOST = 64 };

static int sock, file, epoll, ends[2];
static long requests, depth;
static off_t length;
static char *buffer, asked[MOST * REQUEST];

static void must(int fine, const char *what) {
    if (!fine) {
        perror(what);
        exit(1);
    }
}

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

static double cpu(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void pin(int number) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(number, &set);
    must(!sched_setaffinity(0, sizeof set, &set), "sched_setaffinity");
}

static void tune(int socket) {
    int one = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void send_all(const char *bytes, size_t count, int flags) {
    while (count) {
        ssize_t sent = send(sock, bytes, count, flags);
        must(sent > 0, "send");
        bytes += sent, count -= sent;
    }
}

static void client(const struct sockaddr_in *address, size_t up, size_t down) {
    pin(1);
    sock = socket(AF_INET, SOCK_STREAM, 0);
    must(!connect(sock, (const void *)address, sizeof *address), "connect");
    tune(sock);
    char *room = calloc(1, up > MIB ? up : MIB);
    size_t part = 0;
    for (long sent = 0, got = 0; got < requests;) {
        for (; sent < requests && sent - got < depth; sent++)
            send_all(room, up, 0);
        ssize_t received = recv(sock, room, MIB, 0);
        must(received > 0, "recv");
        part += received, got += part / down, part %= down;
    }
    _exit(0);
}

/* Waits for requests of REQUEST bytes; how many are there. */
static long wait_for_requests(int blocking) {
    static size_t have;
    struct epoll_event event;
    while (have < REQUEST) {
        if (!blocking)
            epoll_wait(epoll, &event, 1, -1);
        ssize_t received = recv(sock, asked, sizeof asked, blocking ? 0 : MSG_DONTWAIT);
        must(received > 0 || (received < 0 && errno == EAGAIN), "recv");
        have += received > 0 ? received : 0;
    }
    long count = have / REQUEST;
    have %= REQUEST;
    return count;
}

static void serve_read(const char *way) {
    int small = 512 << 10;
    if (!strcmp(way, "copy-small-buffer"))
        setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    for (long done = 0; done < requests;) {
        for (long count = wait_for_requests(0); count; count--, done++) {
            off_t at = (off_t)done * MIB % length;
            size_t left = MIB;
            if (!strncmp(way, "copy", 4)) {
                must(pread(file, buffer + HEAD, MIB, at) == MIB, "pread");
                send_all(buffer, HEAD + MIB, 0);
                continue;
            }
            send_all(buffer, HEAD, MSG_MORE);
            while (left && !strcmp(way, "sendfile")) {
                ssize_t sent = sendfile(sock, file, &at, left);
                must(sent > 0, "sendfile");
                left -= sent;
            }
            while (left) {
                ssize_t held = splice(file, &at, ends[1], NULL, left, 0);
                must(held > 0, "splice from the file");
                for (left -= held; held;) {
                    ssize_t sent = splice(ends[0], NULL, sock, NULL, held, left ? SPLICE_F_MORE : 0);
                    must(sent > 0, "splice to the socket");
                    held -= sent;
                }
            }
        }
    }
}

static void serve_write(const char *way) {
    struct epoll_event event;
    for (long done = 0; done < requests; done++) {
        loff_t at = (loff_t)done * MIB % length;
        for (size_t left = MIB; left;) {
            epoll_wait(epoll, &event, 1, -1);
            if (!strcmp(way, "copy")) {
                ssize_t received = recv(sock, buffer + MIB - left, left, MSG_DONTWAIT);
                must(received > 0 || (received < 0 && errno == EAGAIN), "recv");
                left -= received > 0 ? received : 0;
                continue;
            }
            ssize_t held = splice(sock, NULL, ends[1], NULL, left, SPLICE_F_NONBLOCK);
            must(held > 0 || (held < 0 && errno == EAGAIN), "splice from the socket");
            for (left -= held > 0 ? held : 0; held > 0;) {
                ssize_t written = splice(ends[0], NULL, file, &at, held, 0);
                must(written > 0, "splice to the file");
                held -= written;
            }
        }
        if (!strcmp(way, "copy"))
            must(pwrite(file, buffer, MIB, at) == MIB, "pwrite");
        send_all(buffer, HEAD, 0);
    }
}

static off_t here_and_there(long number) { return number * 7919 % (length / KIB4) * KIB4; }

static char *place(long number) { return buffer + number * (HEAD + KIB4) + HEAD; }

static void serve_small(const char *way) {
    int blocking = !strcmp(way, "blocking");
    for (long done = 0; done < requests;) {
        long count = wait_for_requests(blocking);
        for (long i = 0; i < count; i++)
            must(pread(file, place(i), KIB4, here_and_there(done + i)) == KIB4, "pread");
        send_all(buffer, count * (HEAD + KIB4), 0);
        done += count;
    }
}

/* A reply and the wait for the next request are one call; with `reads`, what is read goes through the ring too. */
static void serve_ring(int reads) {
    struct io_uring ring;
    struct io_uring_cqe *done_one;
    struct io_uring_params how = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN};
    must(!io_uring_queue_init_params(2 * MOST, &ring, &how), "io_uring_setup");
    int files[2] = {sock, file};
    io_uring_register_files(&ring, files, 2);
    io_uring_register_ring_fd(&ring);
    size_t have = 0, ready = 0;
    for (long done = 0; done < requests;) {
        struct io_uring_sqe *order;
        if (ready) {
            order = io_uring_get_sqe(&ring);
            io_uring_prep_send(order, 0, buffer, ready, MSG_WAITALL);
            order->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
        }
        order = io_uring_get_sqe(&ring);
        io_uring_prep_recv(order, 0, asked, sizeof asked, 0);
        order->flags |= IOSQE_FIXED_FILE;
        must(io_uring_submit_and_wait(&ring, 1) >= 0 && !io_uring_peek_cqe(&ring, &done_one) && done_one->res > 0, "io_uring_enter");
        have += done_one->res;
        io_uring_cqe_seen(&ring, done_one);
        long count = have / REQUEST;
        have %= REQUEST;
        for (long i = 0; i < count; i++) {
            if (!reads) {
                must(pread(file, place(i), KIB4, here_and_there(done + i)) == KIB4, "pread");
                continue;
            }
            order = io_uring_get_sqe(&ring);
            io_uring_prep_read(order, 1, place(i), KIB4, here_and_there(done + i));
            order->flags |= IOSQE_FIXED_FILE;
        }
        if (reads && count) {
            must(io_uring_submit_and_wait(&ring, count) >= 0, "io_uring_enter");
            for (long i = 0; i < count; i++) {
                must(!io_uring_wait_cqe(&ring, &done_one) && done_one->res == KIB4, "a read");
                io_uring_cqe_seen(&ring, done_one);
            }
        }
        done += count;
        ready = count * (HEAD + KIB4);
    }
    send_all(buffer, ready, 0);
}

int main(int count, char **words) {
    if (count != 7) return 2;
    const char *work = words[1], *way = words[2];
    length = atoll(words[4]), requests = atol(words[5]), depth = atol(words[6]);
    int small = !strcmp(work, "small"), writes = !strcmp(work, "write");
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    must(!bind(listener, (void *)&address, size) && !listen(listener, 1) && !getsockname(listener, (void *)&address, &size), "listen");
    pid_t child = fork();
    if (!child)
        client(&address, writes ? MIB : REQUEST, writes ? HEAD : HEAD + (small ? KIB4 : MIB));
    pin(0);
    sock = accept(listener, NULL, NULL);
    tune(sock);
    file = open(words[3], O_RDWR);
    must(file >= 0, words[3]);
    epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &event);
    must(!pipe(ends) && fcntl(ends[0], F_SETPIPE_SZ, MIB) == MIB, "pipe");
    buffer = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    buffer += -(size_t)buffer % (2 * MIB);
    if (!strcmp(way, "copy-huge"))
        madvise(buffer, 2 * MIB, MADV_HUGEPAGE);
    memset(buffer, 1, 2 * MIB);

    double used = cpu(), begun = now();
    if (writes)
        serve_write(way);
    else if (!small)
        serve_read(way);
    else if (strncmp(way, "uring", 5))
        serve_small(way);
    else
        serve_ring(!strcmp(way, "uring-read"));
    used = cpu() - used, begun = now() - begun;
    int status;
    waitpid(child, &status, 0);
    must(!status, "the client");
    printf("%.3f %.3f\n", used / requests * 1e6, begun / requests * 1e6);
}
