#define _GNU_SOURCE
#include "CLinux.h"

#define MOST_DESCRIPTORS 16

long cl_send_descriptors(int socket, const void *bytes, size_t length, const int *descriptors, size_t count) {
    struct iovec vector = {(void *)bytes, length};
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)]; } control;
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count > MOST_DESCRIPTORS) { errno = EINVAL; return -1; }
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

long cl_receive_descriptors(int socket, void *bytes, size_t length, int *descriptors, size_t capacity, size_t *count) {
    struct iovec vector = {bytes, length};
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)]; } control;
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    long received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    *count = 0;
    if (received < 0) return received;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t given = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < given; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            if (*count < capacity) descriptors[(*count)++] = descriptor; else close(descriptor);
        }
    }
    return received;
}

int cl_unix_address(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (length >= sizeof address->sun_path) { errno = ENAMETOOLONG; return -1; }
    memcpy(address->sun_path, path, length);
    if (path[0] == '@') {
        address->sun_path[0] = 0;
        return (int)(offsetof(struct sockaddr_un, sun_path) + length);
    }
    return (int)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

#define MOST_DATAGRAMS 32

int cl_report_receivers(int socket, int family) {
    int on = 1;
    return family == AF_INET ? setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on)
                             : setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
}

// An IPv6 packet's information is the longer one.
#define PACKET_INFORMATION CMSG_SPACE(sizeof(struct in6_pktinfo))

static struct in6_addr receiver_of(struct msghdr *message) {
    struct in6_addr found = {0};
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo information;
            memcpy(&information, CMSG_DATA(header), sizeof information);
            memcpy(&found, &information.ipi_spec_dst, sizeof information.ipi_spec_dst);
        } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo information;
            memcpy(&information, CMSG_DATA(header), sizeof information);
            if (!IN6_IS_ADDR_MULTICAST(&information.ipi6_addr)) found = information.ipi6_addr;
        }
    }
    return found;
}

static void send_from(struct msghdr *message, struct cmsghdr *header, int family, const struct in6_addr *source) {
    struct in6_pktinfo six = {.ipi6_addr = *source};
    struct in_pktinfo four = {0};
    memcpy(&four.ipi_spec_dst, source, sizeof four.ipi_spec_dst);
    size_t length = family == AF_INET ? sizeof four : sizeof six;
    header->cmsg_level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    header->cmsg_type = family == AF_INET ? IP_PKTINFO : IPV6_PKTINFO;
    header->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(header), family == AF_INET ? (void *)&four : (void *)&six, length);
    message->msg_control = header;
    message->msg_controllen = CMSG_SPACE(length);
}

int cl_receive_datagrams(int socket, void *buffers, size_t stride, int count, unsigned *lengths,
                         struct sockaddr_storage *senders, struct in6_addr *receivers) {
    union { struct cmsghdr header; char space[PACKET_INFORMATION]; } controls[MOST_DATAGRAMS];
    struct mmsghdr messages[MOST_DATAGRAMS];
    struct iovec vectors[MOST_DATAGRAMS];
    if (count > MOST_DATAGRAMS) count = MOST_DATAGRAMS;
    for (int i = 0; i < count; i++) {
        vectors[i] = (struct iovec){(char *)buffers + (size_t)i * stride, stride};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
        if (senders) {
            messages[i].msg_hdr.msg_name = &senders[i];
            messages[i].msg_hdr.msg_namelen = sizeof senders[i];
        }
        if (receivers) {
            messages[i].msg_hdr.msg_control = &controls[i];
            messages[i].msg_hdr.msg_controllen = sizeof controls[i];
        }
    }
    int received = recvmmsg(socket, messages, (unsigned)count, MSG_DONTWAIT, NULL);
    for (int i = 0; i < received; i++) {
        lengths[i] = messages[i].msg_len;
        if (receivers) receivers[i] = receiver_of(&messages[i].msg_hdr);
    }
    return received;
}

int cl_send_datagrams(int socket, const void *buffers, size_t stride, int count, const unsigned *lengths,
                      const struct sockaddr_storage *receiver, socklen_t receiver_length,
                      const struct in6_addr *source) {
    union { struct cmsghdr header; char space[PACKET_INFORMATION]; } control = {0};
    struct mmsghdr messages[MOST_DATAGRAMS];
    struct iovec vectors[MOST_DATAGRAMS];
    if (count > MOST_DATAGRAMS) count = MOST_DATAGRAMS;
    for (int i = 0; i < count; i++) {
        vectors[i] = (struct iovec){(char *)buffers + (size_t)i * stride, lengths[i]};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
        if (receiver) {
            messages[i].msg_hdr.msg_name = (void *)receiver;
            messages[i].msg_hdr.msg_namelen = receiver_length;
            if (source && !IN6_IS_ADDR_UNSPECIFIED(source))
                send_from(&messages[i].msg_hdr, &control.header, receiver->ss_family, source);
        }
    }
    return sendmmsg(socket, messages, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
}
