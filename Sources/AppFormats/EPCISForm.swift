internal import Foundation

// The JSON form of an EPCIS 2.0 event, as far as the chain looks into it.

struct EPCISForm: Decodable {
  struct Place: Decodable { var id: String }
  struct Quantity: Decodable {
    var epcClass: String
    var quantity: Decimal?
    var uom: String?
  }
  struct Correction: Decodable {
    var declarationTime: String
    var reason: String?
    var correctiveEventIDs: [String]?
  }
  struct Report: Decodable {
    var type: String?
    var value: Decimal?
    var uom: String?
    var time: String?
  }
  struct Sensor: Decodable {
    struct Metadata: Decodable { var time: String? }
    var sensorMetadata: Metadata?
    var sensorReport: [Report]
  }

  var type: String
  var eventID: String
  var eventTime: String
  var eventTimeZoneOffset: String
  var action: String?
  var bizStep: String?
  var disposition: String?
  var readPoint: Place?
  var bizLocation: Place?
  var epcList: [String]?
  var quantityList: [Quantity]?
  var parentID: String?
  var childEPCs: [String]?
  var childQuantityList: [Quantity]?
  var inputEPCList: [String]?
  var inputQuantityList: [Quantity]?
  var outputEPCList: [String]?
  var outputQuantityList: [Quantity]?
  var transformationID: String?
  var errorDeclaration: Correction?
  var sensorElementList: [Sensor]?
  var destinationList: [Destination]?

  struct Destination: Decodable { var destination: String }
}
