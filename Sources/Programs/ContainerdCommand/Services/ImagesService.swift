internal import ContainerdAPI
internal import GRPC
internal import Metadata
internal import Protobuf

extension Services {
    func registerImages(on router: inout GRPCRouter) {
        router.unary(ImagesService.get) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let image = try await blocking { () throws(ServiceError) in try metadata.image(request.name, in: scope) }
            return ImagesService.GetImageResponse(image: .init(image))
        }
        router.unary(ImagesService.list) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let images = try await blocking { () throws(ServiceError) in
                try metadata.images(matching: try Filter(recordFilters: request.filters), in: scope)
            }
            return ImagesService.ListImagesResponse(images: images.map(ImagesService.Image.init))
        }
        router.unary(ImagesService.create) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let wanted = ImageRecord(request.image)
            let made = try await blocking { () throws(ServiceError) in try metadata.createImage(wanted, in: scope) }
            let event = ContainerdEvents.ImageCreate(name: made.name, labels: made.labels)
            events.publish("/images/create", event, in: scope)
            return ImagesService.CreateImageResponse(image: .init(made))
        }
        router.unary(ImagesService.update) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let wanted = ImageRecord(request.image)
            let paths = request.updateMask?.paths ?? []
            let updated = try await blocking { () throws(ServiceError) in
                try metadata.updateImage(wanted, paths: paths, in: scope)
            }
            let event = ContainerdEvents.ImageUpdate(name: updated.name, labels: updated.labels)
            events.publish("/images/update", event, in: scope)
            collector.schedule()
            return ImagesService.UpdateImageResponse(image: .init(updated))
        }
        router.unary(ImagesService.delete) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            try await blocking { () throws(ServiceError) in try metadata.deleteImage(request.name, in: scope) }
            events.publish("/images/delete", ContainerdEvents.ImageDelete(name: request.name), in: scope)
            if request.sync {
                try await blocking { () throws(ServiceError) in try collector.collect() }
            } else {
                collector.schedule()
            }
            return ProtobufEmpty()
        }
    }
}

extension ImagesService.Image {
    fileprivate init(_ image: ImageRecord) {
        self.init(
            name: image.name, labels: image.labels, target: .init(image.target),
            createdAt: .init(nanoseconds: image.created), updatedAt: .init(nanoseconds: image.updated))
    }
}

extension ImageRecord {
    fileprivate init(_ message: ImagesService.Image?) {
        self.init(name: message?.name ?? "", labels: message?.labels ?? [:], target: .init(message?.target))
    }
}
