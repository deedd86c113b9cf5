# about: xmllint, xsltproc: parsing, XPath, validation, transformation
# equal: amd64 i386
# packages: libxml2-utils xsltproc
cat >a.xml <<'END'
<?xml version="1.0"?>
<!DOCTYPE r [<!ELEMENT r (i*)><!ELEMENT i (#PCDATA)><!ATTLIST i n CDATA #REQUIRED><!ENTITY e "entity">]>
<r><i n="2">b &e;</i><i n="1">a</i></r>
END
cat >t.xsl <<'END'
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:output method="text"/><xsl:template match="/"><xsl:for-each select="//i"><xsl:sort select="@n"/><xsl:value-of select="concat(@n, ':', ., '&#10;')"/></xsl:for-each></xsl:template></xsl:stylesheet>
END
xmllint --noent --format a.xml; xmllint --xpath 'sum(//@n)' a.xml; echo; xmllint --valid --noout a.xml && echo valid; xsltproc t.xsl a.xml; echo '<a><b></a>' | xmllint - 2>&1 | head -n 1; xmllint --c14n a.xml | tail -n 1; echo; echo '<p>x<br>y' | xmllint --html --xmlout - 2>/dev/null | tail -n 1; xmllint --stream --noout a.xml && echo streamed; printf 'cat //i[1]\nbye\n' | xmllint --shell a.xml | grep '<i'
