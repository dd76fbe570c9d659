import OCIImage
import Testing

@Test(arguments: [
    ("busybox", "docker.io/library/busybox", "busybox"),
    ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
    ("docker.io/library/busybox", "docker.io/library/busybox", "busybox"),
    ("index.docker.io/busybox", "docker.io/library/busybox", "busybox"),
    ("user/app:v1", "docker.io/user/app:v1", "user/app:v1"),
    ("localhost:5000/app", "localhost:5000/app", "localhost:5000/app"),
    ("localhost/app:x", "localhost/app:x", "localhost/app:x"),
    ("ghcr.io/a/b__c/d---e:T_1.2-3", "ghcr.io/a/b__c/d---e:T_1.2-3", "ghcr.io/a/b__c/d---e:T_1.2-3"),
    (
        "127.0.0.1:5000/x@sha256:" + String(repeating: "ab", count: 32),
        "127.0.0.1:5000/x@sha256:" + String(repeating: "ab", count: 32),
        "127.0.0.1:5000/x@sha256:" + String(repeating: "ab", count: 32)
    ),
])
func namesAreNormalized(_ text: String, _ whole: String, _ familiar: String) throws {
    let reference = try ImageReference(text)
    #expect(reference.description == whole)
    #expect(reference.familiar == familiar)
}

@Test(arguments: [
    ("", "invalid reference format"), (":tag", "invalid reference format"), ("a b", "invalid reference format"),
    ("a//b", "invalid reference format"), ("-a", "invalid reference format"), ("a-", "invalid reference format"),
    ("a.-b", "invalid reference format"), ("a___b", "invalid reference format"), ("a:", "invalid reference format"),
    ("a:-x", "invalid reference format"), ("a@sha256:12", "invalid reference format"),
    ("Busybox", "invalid reference format: repository name must be lowercase"),
    ("../a", "invalid reference format"), ("a/../b", "invalid reference format"),
    (String(repeating: "a", count: 300), "repository name must not be more than 255 characters"),
    (
        String(repeating: "a", count: 64),
        "invalid repository name (" + String(repeating: "a", count: 64)
            + "), cannot specify 64-byte hexadecimal strings"
    ),
])
func badNamesAreRefusedInDockersWords(_ text: String, _ message: String) {
    do {
        _ = try ImageReference(text)
        Issue.record("\(text) was taken")
    } catch { #expect(error.message == message) }
}

@Test func latestIsTheTagOfAnUntaggedName() throws {
    #expect(try ImageReference("a").withDefaultTag.familiar == "a:latest")
    #expect(try ImageReference("a:b").withDefaultTag.familiar == "a:b")
}
