/// The listings that have a format `raw`: one line for each property of an object.
enum RawListing {
    case containers(size: Bool)
    case images(digests: Bool)
}

/// The template that the format `raw` stands for; nil for every other format.
func rawFormat(_ format: String, quiet: Bool, of listing: RawListing) -> String? {
    guard format == "raw" else { return nil }
    switch listing {
    case .containers(let size):
        if quiet { return "container_id: {{.ID}}" }
        return "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\n"
            + "state: {{- pad .State 1 0}}\nstatus: {{- pad .Status 1 0}}\nnames: {{.Names}}\n"
            + "labels: {{- pad .Labels 1 0}}\nports: {{- pad .Ports 1 0}}\n" + (size ? "size: {{.Size}}\n" : "")
    case .images(let digests):
        if quiet { return "image_id: {{.ID}}" }
        return "repository: {{ .Repository }}\n"
            + (digests ? "tag: {{.Tag}}\ndigest: {{.Digest}}\n" : "tag: {{.Tag}}\n")
            + "image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n"
    }
}
