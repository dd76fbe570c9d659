import Testing
import TextTable

@Test func cellsAreAtLeastTenWideAndThreeApart() {
    #expect(aligned("ID\tNAME\nabcdefghij\tx\n") == "ID           NAME\nabcdefghij   x\n")
    #expect(aligned("A\tB\tC\n1\t2\t3\n") == "A         B         C\n1         2         3\n")
}

@Test func textAfterTheLastTabIsNotPadded() {
    #expect(aligned("A\tB\t\n1\t2\t\n", minimumWidth: 3, padding: 1) == "A  B  \n1  2  \n")
}

@Test func aColumnEndsWithALineThatHasNoCellInIt() {
    #expect(aligned("wide cell here\tx\n\na\tb\n", minimumWidth: 2, padding: 1) == "wide cell here x\n\na b\n")
}

@Test func widthsCountCharactersAndNotBytes() {
    #expect(aligned("é…\tx\nabc\ty\n", minimumWidth: 1, padding: 1) == "é…  x\nabc y\n")
}

@Test func nothingWrittenGivesNothing() { #expect(aligned("") == "") }
